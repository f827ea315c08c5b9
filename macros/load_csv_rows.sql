{#-
    Rows of a seed. dbt-spark's own session writes an empty cell as the text None and trips over an apostrophe, and thousands of
    values make a statement that takes Spark minutes to read: the rows travel as one text instead. They are written as one file,
    in the seed's order (row_position).
-#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set column_types = model['config'].get('column_types', {}) -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- do rows.append(row.values() | list) -%}
    {%- endfor -%}
    {%- set sql -%}
        insert into {{ this.render() }}
        select
            {%- for column in agate_table.column_names %}
            cast(cells[{{ loop.index0 }}] as {{ column_types.get(column, adapter.convert_type(agate_table, loop.index0)) }}) as {{ column }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from (select explode(from_json('{{ tojson(rows) | replace("\\", "\\\\") | replace("'", "\\'") }}', 'array<array<string>>')) as cells)
    {%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{ return('') }}
{%- endmacro %}
