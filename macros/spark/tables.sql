{% macro spark__student_key(client_id) -%}
    {{ client_id }}
{%- endmacro %}

{% macro spark__with_student_key(records, clients) -%}
    select
        *,
        client_id as student_key
    from {{ records }}
{%- endmacro %}

{% macro spark__distributed_by(key) -%}
    distribute by {{ key }}
{%- endmacro %}

{% macro spark__student_and_antigen(student_key, antigen_number) -%}
    {{ student_key }}, {{ antigen_number }}
{%- endmacro %}

{% macro spark__rows_of_repeated_ids(relation, id_column) -%}
    select /*+ broadcast(repeated_ids) */
        repeated_rows.{{ id_column }},
        repeated_rows.source_row_number
    from {{ relation }} as repeated_rows
    inner join (
        select {{ id_column }}
        from {{ relation }}
        where not_in_force is null
        group by {{ id_column }}
        having count(*) > 1
    ) as repeated_ids
        on repeated_rows.{{ id_column }} = repeated_ids.{{ id_column }}
    where repeated_rows.not_in_force is null
{%- endmacro %}

{% macro spark__content_hash(columns) -%}
    cast(coalesce(bit_xor(xxhash64({{ columns | join(', ') }})), 0) as string)
{%- endmacro %}

{% macro spark__stop_build(sentence) -%}
    raise_error({{ sentence }})
{%- endmacro %}

{#-
    A person-level table is written in buckets by person, as many as a shuffle has partitions, so that joins, windows and aggregates by
    person need no shuffle. `distribute by` gives each bucket one writer, and is no shuffle if rows are already distributed so.
-#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- set keys = ['student_key', 'client_id'] | select('in', model.columns) | list -%}
    {%- if temporary or language != 'sql' or not keys -%}
        {{ return(dbt.spark__create_table_as(temporary, relation, compiled_code, language)) }}
    {%- endif -%}
    create table {{ relation }}
    {%- if config.get('contract').enforced %}
    {{ get_assert_columns_equivalent(compiled_code) }}
    {%- set compiled_code = get_select_subquery(compiled_code) %}
    {%- endif %}
    using parquet
    clustered by ({{ keys[0] }}) into {{ env_var('SPARK_PARTITIONS', '4') }} buckets
    as
    select * from (
        {{ compiled_code }}
    )
    distribute by {{ keys[0] }}
{%- endmacro %}

{#-
    Rows of a seed. dbt-spark's own session writes an empty cell as the text None and trips over an apostrophe, and thousands of
    values make a statement that Spark takes minutes to parse: the rows are passed as one JSON text instead. They are written as one file,
    in the seed's order (row_position). dbt reads the word NULL as an empty cell: columns that hold the word and no empty cell are
    named in the seed's meta, `holds_null`.
-#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set column_types = model['config'].get('column_types', {}) -%}
    {%- set words = model['config'].get('meta', {}).get('holds_null', []) -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- do rows.append(row.values() | list) -%}
    {%- endfor -%}
    {%- set sql -%}
        insert into {{ this.render() }}
        select
            {%- for column in agate_table.column_names %}
            {%- set cell = "cells[" ~ loop.index0 ~ "]" %}
            cast(
                {{ "coalesce(" ~ cell ~ ", 'NULL')" if column in words else cell }}
                as {{ column_types.get(column, adapter.convert_type(agate_table, loop.index0)) }}
            ) as {{ column }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from (select explode(from_json('{{ tojson(rows) | replace("\\", "\\\\") | replace("'", "\\'") }}', 'array<array<string>>')) as cells)
    {%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return('') }}
{%- endmacro %}

{#- With union all, Spark would compute the source anew for each of the rows. -#}
{% macro spark__unpivoted(source, keys, columns, rows) -%}
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {%- for column in columns %}
        listed.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source }}
    lateral view inline(array(
        {%- for row in rows %}
        struct(
            {%- for column in columns %}
            {{ row[loop.index] }} as {{ column }},
            {%- endfor %}
            {{ row[0] }} as holds
        ){{ ',' if not loop.last }}
        {%- endfor %}
    )) listed
    where listed.holds
{%- endmacro %}

{% macro spark__first_by(value, order_by) -%}
    min_by({{ value }}, struct({{ order_by | join(', ') }}))
{%- endmacro %}
