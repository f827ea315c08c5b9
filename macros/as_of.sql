{#- The day from which next doses are planned: the var `as_of`, or the assessment date. -#}
{% macro as_of(school_year='school_year') -%}
    {%- set value = var('as_of') | string | trim -%}
    {%- if value == 'assessment_date' -%}
        {{ return(school_year ~ '.assessment_date') }}
    {%- endif -%}
    {%- if not is_day(value) -%}
        {%- do exceptions.raise_compiler_error(
            "as_of is '" ~ value ~ "': it must be a day such as 2018-11-15, or assessment_date."
        ) -%}
    {%- endif -%}
    {{ return("date '" ~ value ~ "'") }}
{%- endmacro %}
