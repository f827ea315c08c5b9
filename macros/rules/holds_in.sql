{#- Whether a row of a rule table holds for a school year; an empty bound is open. -#}
{% macro holds_in(school_year, table_name) -%}
    coalesce({{ table_name }}.school_year_from <= {{ school_year }}, true)
    and coalesce({{ table_name }}.school_year_before > {{ school_year }}, true)
{%- endmacro %}
