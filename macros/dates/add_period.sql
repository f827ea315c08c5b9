{#- The date that is a period after another: calendar months and years, 29 February plus a year is 28 February. -#}
{% macro add_period(date, period) -%}
    {{ return(adapter.dispatch('add_period')(date, period)) }}
{%- endmacro %}

{% macro duckdb__add_period(date, period) -%}
    cast({{ date }} + {{ period }} as date)
{%- endmacro %}

{% macro spark__add_period(date, period) -%}
    {{ date }} + {{ period }}
{%- endmacro %}
