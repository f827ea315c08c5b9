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
    {%- set comments = comments_of(relation, model) -%}
    {%- if comments -%}
        {%- do run_query(comments) -%}
    {%- endif -%}
{%- endmacro %}

{#- Statements, each with its semicolon: the comments of a table or view and of its columns, as far as persist_docs asks for them. -#}
{% macro comments_of(relation, model) -%}
    {%- if config.persist_relation_docs() and model.description -%}
    comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(model.description) }};
    {%- endif -%}
    {%- if config.persist_column_docs() -%}
        {%- for column in model.columns.values() if column.description %}
    comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
