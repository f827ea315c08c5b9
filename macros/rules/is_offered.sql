{#- Whether a row of int_next_dose_agents is offered at the age that somebody has on a day. -#}
{% macro is_offered(day, date_of_birth, agents='next_dose_agents') -%}
    (
        {{ day }} >= {{ add_period(date_of_birth, agents ~ '.offered_from') }}
        and ({{ agents }}.offered_before is null or {{ day }} < {{ add_period(date_of_birth, agents ~ '.offered_before') }})
    )
{%- endmacro %}
