{#- How many slots a schedule can have: a rule of a later one stops the build (tests/singular/criteria_have_the_slots_that_they_ask_for.sql). -#}
{% macro slot_count() -%}
    {{ return(6) }}
{%- endmacro %}

{#- The date, or another column, of the valid dose in the slot that a number tells, SQL. -#}
{% macro slot_date(slot_number, series='series', slots=slot_count(), column='date') -%}
    case {{ slot_number }}
        {%- for slot in range(1, slots + 1) %} when {{ slot }} then {{ series }}.dose_{{ slot }}_{{ column }}{% endfor %} end
{%- endmacro %}

{#- How many slots are filled; `until`, SQL of a day, counts those up to it only. -#}
{% macro slots_counted(series='series', until=none) -%}
    {%- for slot in range(1, slot_count() + 1) -%}
        {%- set date = series ~ '.dose_' ~ slot ~ '_date' -%}
        {{ ' + ' if not loop.first }}case when {{ date ~ (' <= ' ~ until if until else ' is not null') }} then 1 else 0 end
    {%- endfor -%}
{%- endmacro %}
