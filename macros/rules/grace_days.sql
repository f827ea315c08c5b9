{#- The grace period of coverage_with_grace, in days. -#}
{% macro grace_days() -%}
    {{ return(var('grace_days') | int) }}
{%- endmacro %}
