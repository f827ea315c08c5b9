{#- Days since 1 January 1970, for frames and differences counted in days. -#}
{% macro day_number(date) -%}
    {{ return(adapter.dispatch('day_number')(date)) }}
{%- endmacro %}

{% macro duckdb__day_number(date) -%}
    cast({{ date }} - date '1970-01-01' as int)
{%- endmacro %}
