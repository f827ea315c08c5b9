{#-
    For each row of `source`, one row for each of `rows` whose condition is true. An item of `rows` is a list: the condition, then one
    expression for each of `columns`.
-#}
{% macro unpivoted(source, keys, columns, rows) -%}
    {{ return(adapter.dispatch('unpivoted')(source, keys, columns, rows)) }}
{%- endmacro %}

{% macro duckdb__unpivoted(source, keys, columns, rows) -%}
    {%- for row in rows %}
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {%- for column in columns %}
        {{ row[loop.index] }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source }}
    where {{ row[0] }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
