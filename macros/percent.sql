{#- An exact percent, 0–100; null where there is nobody. -#}
{% macro percent(part, whole) -%}
    cast(100 * {{ part }} as double) / nullif({{ whole }}, 0)
{%- endmacro %}
