{#- The grace period of coverage_with_grace, in days. -#}
{% macro grace_days() -%}
    {%- set value = var('grace_days') | string -%}
    {%- if not modules.re.fullmatch('[0-9]{1,2}', value) -%}
        {%- do exceptions.raise_compiler_error("grace_days is '" ~ value ~ "': it must be a number of days, such as 4.") -%}
    {%- endif -%}
    {{ return(value | int) }}
{%- endmacro %}
