{% macro education_record_window() -%}
    {%- set value = var('education_record_window') -%}
    {%- if value not in ['overlap', 'as_printed'] -%}
        {%- do exceptions.raise_compiler_error(
            "education_record_window is '" ~ value ~ "': it must be 'overlap' or 'as_printed'."
        ) -%}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}
