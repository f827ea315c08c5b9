{#- Whether a row of a rule table holds for a school year; an empty bound is open. -#}
{% macro holds_in(school_year, table_name) -%}
    coalesce({{ table_name }}.school_year_from <= {{ school_year }}, true)
    and coalesce({{ table_name }}.school_year_before > {{ school_year }}, true)
{%- endmacro %}

{#- The rows of a rule table that hold in the school year. -#}
{% macro rules_in_force(rules, school_year) -%}
    select rules.*
    from {{ rules }} as rules
    cross join {{ school_year }} as school_year
    where {{ holds_in('school_year.first_year', 'rules') }}
{%- endmacro %}

{#- Whether a row of ispa_diseases is designated on a day for somebody born on another. -#}
{% macro is_designated(day, date_of_birth, diseases='diseases') -%}
    (
        ({{ diseases }}.born_from is null or {{ date_of_birth }} >= {{ diseases }}.born_from)
        and ({{ diseases }}.designated_from is null or {{ day }} >= {{ diseases }}.designated_from)
    )
{%- endmacro %}

{#- Whether a row of int_next_dose_agents is offered at the age that somebody has on a day. -#}
{% macro is_offered(day, date_of_birth, agents='next_dose_agents') -%}
    (
        {{ day }} >= {{ add_period(date_of_birth, agents ~ '.offered_from') }}
        and ({{ agents }}.offered_before is null or {{ day }} < {{ add_period(date_of_birth, agents ~ '.offered_before') }})
    )
{%- endmacro %}

{#- The dose rules of the school year, of int_dose_rules, with the last slot and the agents of their schedule. -#}
{% macro dose_rules_in_force(dose_rules, school_year) -%}
    select
        *,
        max(dose_number) over (partition by antigen, schedule) as last_slot,
        case
            when current_agents is not null
                then flatten(array_agg(current_agents) over (partition by antigen, schedule, variant))
        end as schedule_agents
    from ({{ rules_in_force(dose_rules, school_year) }}) as dose_rules
{%- endmacro %}
