{#- As a literal, so that many of them are a table of values (get_fixture_sql). -#}
{% macro spark__safe_cast(field, type) -%}
    cast({{ field }} as {{ type }})
{%- endmacro %}
