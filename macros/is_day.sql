{#- Whether a text is a day of the calendar, such as 2018-11-15. -#}
{% macro is_day(text) -%}
    {%- if not modules.re.fullmatch('[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])', text) or text[:4] == '0000' -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set first_of_month = modules.datetime.date(text[:4] | int, text[5:7] | int, 1) -%}
    {%- set day = first_of_month + modules.datetime.timedelta(days=(text[8:] | int) - 1) -%}
    {{ return(day.month == first_of_month.month) }}
{%- endmacro %}
