{#- The release threshold: counts above 0 and below it are withheld. -#}
{% macro suppress_below() -%}
    {{ return(var('suppress_below') | int) }}
{%- endmacro %}
