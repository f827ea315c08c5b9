{#- The dose rules that hold in the school year, their periods as the engine's own type; of one antigen, or of all. -#}
{% macro dose_rules(antigen=none) -%}
    select
        dose_rules.rule_id,
        dose_rules.antigen,
        dose_rules.schedule,
        dose_rules.variant,
        dose_rules.dose_number,
        dose_rules.reference_dose_number,
        dose_rules.window_opens_birth_years,
        {%- for dose in ['current', 'first'] %}
        dose_rules.rule_id in (
            select rule_agents.rule_id
            from {{ ref('dose_rule_agents') }} as rule_agents
            where rule_agents.dose = '{{ dose }}'
        ) as names_{{ dose }}_agents,
        {%- endfor %}
        {%- for column in [
            'age_from', 'age_before', 'first_dose_age_from', 'first_dose_age_before', 'reference_dose_age_from',
            'reference_dose_age_before', 'interval_from', 'first_dose_interval_from', 'live_interval_from',
            'polysaccharide_interval_from'
        ] %}
        {{ as_period('dose_rules.' ~ column) }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('dose_rules') }} as dose_rules
    cross join {{ ref('int_school_year') }} as school_year
    where
        {{ holds_in('school_year.first_year', 'dose_rules') }}
        {%- if antigen %}
        and dose_rules.antigen = '{{ antigen }}'
        {%- endif %}
{%- endmacro %}
