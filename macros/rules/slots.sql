{#-
    Maximum number of slots of a schedule: a rule for a later one stops the build (dose_rules_is_sound). A first, a middle and a last one show
    the linter every line; its target keeps nothing.
-#}
{% macro slot_count() -%}
    {{ return(3 if target.name == 'lint' and target.path == ':memory:' else 6) }}
{%- endmacro %}

{#- SQL of the date, or another column, of the valid dose with a given number. -#}
{% macro slot_date(slot_number, series='series', slots=slot_count(), column='date') -%}
    case {{ slot_number }}
        {%- for slot in range(1, slots + 1) %} when {{ slot }} then {{ series }}.dose_{{ slot }}_{{ column }}{% endfor %} end
{%- endmacro %}

{#- SQL of the number of filled slots; `until`, SQL of a date, counts only those up to it. -#}
{% macro slots_counted(series='series', until=none) -%}
    {%- for slot in range(1, slot_count() + 1) -%}
        {%- set date = series ~ '.dose_' ~ slot ~ '_date' -%}
        {{ ' + ' if not loop.first }}case when {{ date ~ (' <= ' ~ until if until else ' is not null') }} then 1 else 0 end
    {%- endfor -%}
{%- endmacro %}
