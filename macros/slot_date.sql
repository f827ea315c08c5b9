{#- The date of the valid dose in a slot that a column numbers. -#}
{% macro slot_date(slot_number, series='series', slots=slot_count()) -%}
    case {{ slot_number }}
        {%- for slot in range(1, slots + 1) %} when {{ slot }} then {{ series }}.dose_{{ slot }}_date{% endfor %} end
{%- endmacro %}
