{#- SQL condition: a row of a rule table applies to a school year; an empty limit is open. -#}
{% macro holds_in(school_year, table_name) -%}
    coalesce({{ table_name }}.school_year_from <= {{ school_year }}, true)
    and coalesce({{ table_name }}.school_year_before > {{ school_year }}, true)
{%- endmacro %}

{#- The rows of a rule table that apply to the school year, or to the one whose definitions are taken. -#}
{% macro rules_in_force(rules, school_year) -%}
    select rules.*
    from {{ rules }} as rules
    cross join {{ school_year }} as school_year
    where {{ holds_in(definitions_year(), 'rules') }}
{%- endmacro %}

{#- SQL condition: a disease is designated on a day for a date of birth. -#}
{% macro is_designated(day, date_of_birth, diseases='diseases') -%}
    (
        ({{ diseases }}.born_from is null or {{ date_of_birth }} >= {{ diseases }}.born_from)
        and ({{ diseases }}.designated_from is null or {{ day }} >= {{ diseases }}.designated_from)
    )
{%- endmacro %}

{#- SQL condition: a row of int_next_dose_agents is offered at the age reached on a day. -#}
{% macro is_offered(day, date_of_birth, agents='next_dose_agents') -%}
    (
        {{ day }} >= {{ add_period(date_of_birth, agents ~ '.offered_from') }}
        and ({{ agents }}.offered_before is null or {{ day }} < {{ add_period(date_of_birth, agents ~ '.offered_before') }})
    )
{%- endmacro %}

{#- The dose rules of the school year (int_dose_rules), with the last slot and the agents of their schedule. -#}
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
