{#- Aggregate, one text for the rows of a table whatever their order: it changes when any of the columns of any row does. -#}
{% macro content_hash(columns) -%}
    {{ return(adapter.dispatch('content_hash')(columns)) }}
{%- endmacro %}

{% macro duckdb__content_hash(columns) -%}
    cast(coalesce(bit_xor(hash({{ columns | join(', ') }})), 0) as varchar)
{%- endmacro %}
