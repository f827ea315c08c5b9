{#- A period as the rule tables print it ('168 days', '7 years') as the engine's own type. -#}
{% macro as_period(text) -%}
    {{ return(adapter.dispatch('as_period')(text)) }}
{%- endmacro %}

{% macro duckdb__as_period(text) -%}
    cast({{ text }} as interval)
{%- endmacro %}

{% macro spark__as_period(text) -%}
    cast({{ text }} as interval)
{%- endmacro %}
