{#-
    Rows of a seed. dbt-spark's own session writes an empty cell as the text None and trips over an apostrophe, and thousands of
    values make a statement that takes Spark minutes to read: the rows travel as one text instead. They are written as one file,
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
