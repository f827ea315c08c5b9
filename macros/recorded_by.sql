{#- The day by which a dose has to be recorded to count, as SQL; nothing where the var `recorded_by` is `any_day`. -#}
{% macro recorded_by() -%}
    {%- set value = var('recorded_by') | string | trim -%}
    {%- if value == 'any_day' -%}
        {{ return('') }}
    {%- endif -%}
    {%- if not is_day(value) -%}
        {%- do exceptions.raise_compiler_error(
            "recorded_by is '" ~ value ~ "': it must be a day such as 2019-03-31, or any_day."
        ) -%}
    {%- endif -%}
    {{ return("date '" ~ value ~ "'") }}
{%- endmacro %}
