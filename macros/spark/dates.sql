{% macro spark__day_number(date) -%}
    unix_date({{ date }})
{%- endmacro %}

{% macro spark__is_iso_date(text) -%}
    {{ text }} rlike r'^[0-9]{4}-[0-9]{2}-[0-9]{2}\z'
{%- endmacro %}

{#- Spark's MMM wants a capital letter first. -#}
{% macro spark__day_written(text, form) -%}
    try_to_date(initcap({{ text }}), '{{ {"year_first": "yyyy MMM d", "month_first": "MMM d, yyyy", "numbers": "yyyy-M-d"}[form] }}')
{%- endmacro %}
