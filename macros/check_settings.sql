{#- Stops a run whose switches have a value that no rule knows. -#}
{% macro check_settings() -%}
    {%- if var('education_record_window') not in ['overlap', 'as_printed'] -%}
        {%- do exceptions.raise_compiler_error(
            "education_record_window is '" ~ var('education_record_window') ~ "': it must be 'overlap' or 'as_printed'."
        ) -%}
    {%- endif -%}
    {%- if var('school_year') is not integer -%}
        {%- do exceptions.raise_compiler_error(
            "school_year is '" ~ var('school_year') ~ "': it must be the first year of the school year, such as 2018 for 2018-19."
        ) -%}
    {%- endif -%}
{%- endmacro %}
