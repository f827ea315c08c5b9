{% macro school_year() -%}
    {%- set value = var('school_year') | string -%}
    {%- if not modules.re.fullmatch('[0-9]{4}', value) -%}
        {%- do exceptions.raise_compiler_error(
            "school_year is '" ~ value ~ "': it must be the first year of the school year, such as 2018 for 2018-19."
        ) -%}
    {%- endif -%}
    {{ return(value | int) }}
{%- endmacro %}
