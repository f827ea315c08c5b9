{#- The text of a date that is no date; null where it is one (`parsed_date` is what was read), or where nothing was written. -#}
{% macro unparsed_date(text, parsed_date) -%}
    case when {{ parsed_date }} is null then {{ trimmed('cast(' ~ text ~ ' as ' ~ dbt.type_string() ~ ')') }} end
{%- endmacro %}
