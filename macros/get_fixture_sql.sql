{#-
    Replaces dbt's macro of this name, the rows of a unit test's input as a query. dbt's own casts each cell by a macro and selects
    each row by itself: for a rule table of 99 rows that is 200 kB of SQL, most of a unit test's time, and seconds of analysis on
    Spark. What dbt refuses (a column that is not there), it still does.
-#}
{% macro get_fixture_sql(rows, column_name_to_data_types) -%}
    {{ return(adapter.dispatch('get_fixture_sql')(without_empty_cells(rows), column_name_to_data_types)) }}
{%- endmacro %}

{#- The same of dbt's macro for the rows that a unit test expects. -#}
{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) -%}
    {{ dbt.get_expected_sql(without_empty_cells(rows), column_name_to_data_types, column_name_to_quoted) }}
{%- endmacro %}

{#- Unit tests read a seed's empty cells as '' where the seed itself loads them as null; here both are null. -#}
{% macro without_empty_cells(rows) -%}
    {%- set filled = [] -%}
    {%- for row in rows -%}
        {%- set cells = {} -%}
        {%- for name, value in row.items() -%}
            {%- do cells.update({name: none if value == '' else value}) -%}
        {%- endfor -%}
        {%- do filled.append(cells) -%}
    {%- endfor -%}
    {{ return(filled) }}
{%- endmacro %}

{#- Each column is cast once. -#}
{% macro default__get_fixture_sql(rows, column_name_to_data_types) %}
    {%- set given = {} -%}
    {%- for row in rows -%}
        {%- do given.update(row) -%}
    {%- endfor -%}
    {%- set columns = adapter.get_columns_in_relation(
        defer_relation if (defer_relation and not load_relation(this)) else this
    ) -%}
    {%- if not given or (given.keys() | reject('in', columns | map(attribute='name') | map('lower') | list) | list) -%}
        {{ dbt.get_fixture_sql(rows, column_name_to_data_types) }}
    {%- else -%}
    -- Fixture for {{ model.name }}
    select
        {%- for column in columns %}
        {%- set name = column.name | lower %}
        {%- set type = column.data_type.split('(')[0] if 'varying' in column.data_type else column.data_type %}
        {{ dbt.safe_cast(column.quoted if name in given else 'null', type) }} as {{ column.quoted }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from (
        values
        {%- for row in rows %}
        (
            {%- for name in given %}
            {%- set value = row.get(name) %}
            {%- if value is none %}null
            {%- elif "'" in value | string %}{{ dbt.string_literal(dbt.escape_single_quotes(value)) }}
            {%- else %}'{{ value }}'
            {%- endif %}
            {%- if not loop.last %}, {% endif %}
            {%- endfor -%}
        )
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    ) as fixture (
        {%- for name in given %}{{ adapter.quote(name) }}{% if not loop.last %}, {% endif %}{% endfor -%}
    )
    {%- endif -%}
{% endmacro %}

{% macro spark__get_fixture_sql(rows, column_name_to_data_types) -%}
    {%- set types = column_name_to_data_types or {} -%}
    {%- if rows and not types -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do types.update({column.name | lower: column.data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if not types -%}
        {{ return(dbt.get_fixture_sql(rows, column_name_to_data_types)) }}
    {%- endif -%}
    select * from values
    {%- for row in rows %}
    {%- set given = format_row(row, types) %}
    ({% for column, type in types.items() %}{{ given.get(column) or ('cast(null as ' ~ type ~ ')') }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
    {%- endfor %}
    as fixture ({% for column in types %}{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
