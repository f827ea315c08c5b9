{#-
    What a build writes on DuckDB replaces what was there in one statement, comments included, in one transaction. dbt's own ways write
    under another name, rename twice, drop and look up: eight queries for a table instead of two.
-#}
{% materialization table, adapter='duckdb' -%}
    {{ return(replaced_in_place('table')) }}
{%- endmaterialization %}

{% materialization view, adapter='duckdb' -%}
    {{ return(replaced_in_place('view')) }}
{%- endmaterialization %}

{% macro replaced_in_place(type) -%}
    {%- set relation = this.incorporate(type=type) -%}
    {% call written(relation) -%}
        {{ drop_statement(load_cached_relation(this)) }}
        {{ create_table_as(False, relation, sql) if type == 'table' else get_create_view_as_sql(relation, sql) }};
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}

{#- A table that keeps every school year and definitions: a build replaces its own rows. A table of an older version gets what it lacks. -#}
{% materialization incremental, adapter='duckdb' -%}
    {%- set earlier = load_cached_relation(this) -%}
    {%- if not earlier or earlier.type != 'table' -%}
        {{ return(replaced_in_place('table')) }}
    {%- endif -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set rows = make_temp_relation(relation) -%}
    {% call written(relation) -%}
        {{ create_table_as(True, rows, sql) }}
        {% for column in model.columns.values() -%}
        alter table {{ relation }} add column if not exists {{ adapter.quote(column.name) }} {{ column.data_type }};
        {% endfor -%}
        {% if config.get('incremental_strategy') == 'school_year' -%}
        delete from {{ relation }} where {{ is_of_this_build() }};
        {% endif -%}
        insert into {{ relation }} by name select * from {{ rows }};
        drop table {{ rows }};
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

{#- A seed is read by DuckDB alone: dbt would read the file in Python first, to guess the types that _*.yml declares. -#}
{% materialization seed, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='table') -%}
    {#- What --show prints. -#}
    {%- do store_result('agate_table', response='') -%}
    {% call written(relation) -%}
        {{ drop_statement(load_cached_relation(this)) }}
        create table {{ relation }} as
        select * from read_csv(
            '{{ adapter.get_seed_file_path(model) | replace("'", "''") }}',
            header = true, delim = ',', quote = '"', escape = '"',
            types = { {%- for column, type in config.get('column_types').items() %}'{{ column }}': '{{ type }}'{{ ', ' if not loop.last }}{% endfor -%} }
        );
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

{#- Runs the statements of the call and those of the comments as one, between the hooks, and commits. -#}
{% macro written(relation) -%}
    {{ run_hooks(pre_hooks) }}
    {%- set statements = caller() -%}
    {% call statement('main') -%}
        {{ statements }}
        {{ comments_of(relation, model) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
{%- endmacro %}

{% macro drop_statement(relation) -%}
    {%- if relation %}drop {{ relation.type }} {{ relation }};{% endif -%}
{%- endmacro %}

{#- dbt's check of a contract, which names what differs, is asked where something does: it looks up each side's columns by itself. -#}
{% macro duckdb__get_assert_columns_equivalent(sql) -%}
    {%- set differing -%}
        select count(*) as columns_differing
        from (describe {{ get_empty_subquery_sql(sql) }}) as given
        full join (describe {{ get_empty_schema_sql(model.columns) }}) as declared using (column_name, column_type)
        where given.column_name is null or declared.column_name is null
    {%- endset -%}
    {%- if run_query(differing).rows[0][0] -%}
        {{ return(assert_columns_equivalent(sql)) }}
    {%- endif -%}
{%- endmacro %}
