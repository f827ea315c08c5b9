{#-
    The day from which next doses are planned: the var `as_of`, or the assessment date. A later day is refused: doses given
    between the two would be on no list.
-#}
{% macro as_of(years='school_year') -%}
    {%- set value = var('as_of') | string | trim -%}
    {%- if value == 'assessment_date' -%}
        {{ return(years ~ '.assessment_date') }}
    {%- endif -%}
    {%- if not is_day(value) -%}
        {%- do exceptions.raise_compiler_error(
            "as_of is '" ~ value ~ "': it must be a day such as 2018-11-15, or assessment_date."
        ) -%}
    {%- endif -%}
    {%- set assessment_date = (school_year() + 1) ~ '-08-31' -%}
    {%- if value > assessment_date -%}
        {%- set first_year = value[:4] | int - (1 if value[5:7] | int < 9 else 0) -%}
        {%- do exceptions.raise_compiler_error(
            "as_of is '" ~ value ~ "', after the assessment date " ~ assessment_date ~ ": doses given in between would be missing. "
            ~ "For a list of that day build its school year, with school_year: " ~ first_year ~ "."
        ) -%}
    {%- endif -%}
    {{ return("date '" ~ value ~ "'") }}
{%- endmacro %}
