{% macro slot_count() -%}
    {{ return(6) }}
{%- endmacro %}
