{#- The criteria of the up-to-date definitions that hold in the school year, their periods as the engine's own type. -#}
{% macro up_to_date_rules() -%}
    select
        rules.rule_id,
        rules.antigen,
        rules.age,
        rules.criterion_number,
        rules.schedule,
        rules.valid_doses,
        rules.reference_dose_number,
        rules.recent_dose_number,
        {%- for column in [
            'first_dose_age_from', 'first_dose_age_before', 'reference_dose_age_from', 'reference_dose_age_before',
            'recent_dose_before'
        ] %}
        {{ as_period('rules.' ~ column) }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('up_to_date_rules') }} as rules
    cross join {{ ref('int_school_year') }} as school_year
    where {{ holds_in('school_year.first_year', 'rules') }}
{%- endmacro %}
