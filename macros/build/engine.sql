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

{#- All comments of a table in one statement: dbt's own looks for the columns first, twice for each table. -#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set comments -%}
        {%- if for_relation and config.persist_relation_docs() and model.description -%}
            {{ alter_relation_comment(relation, model.description) }}
        {%- endif -%}
        {%- if for_columns and config.persist_column_docs() -%}
            {%- for column in model.columns.values() if column.description -%}
    comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
            {%- endfor -%}
        {%- endif -%}
    {%- endset -%}
    {%- if comments.strip() -%}
        {%- do run_query(comments) -%}
    {%- endif -%}
{%- endmacro %}
