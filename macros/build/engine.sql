{#- Fails the query with a message. -#}
{% macro stop_build(sentence) -%}
    {{ return(adapter.dispatch('stop_build')(sentence)) }}
{%- endmacro %}

{% macro duckdb__stop_build(sentence) -%}
    error({{ sentence }})
{%- endmacro %}

{#- Aggregate: hash of the rows of a table, regardless of their order. -#}
{% macro content_hash(columns) -%}
    {{ return(adapter.dispatch('content_hash')(columns)) }}
{%- endmacro %}

{% macro duckdb__content_hash(columns) -%}
    cast(coalesce(bit_xor(hash({{ columns | join(', ') }})), 0) as varchar)
{%- endmacro %}
