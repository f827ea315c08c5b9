{#- dbt's own casts each cell by a macro and selects each row by itself: for a rule table of 99 rows that is 200 kB of SQL and
    most of a unit test's time. Here each column is cast once. What dbt refuses (a column that is not there), it still does. -#}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
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
