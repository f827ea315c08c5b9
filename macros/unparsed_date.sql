{#- The text of a date that is no date; null where it is one, or where nothing was written. -#}
{% macro unparsed_date(text) -%}
    case when {{ parsed_date(text) }} is null then {{ trimmed('cast(' ~ text ~ ' as ' ~ dbt.type_string() ~ ')') }} end
{%- endmacro %}
