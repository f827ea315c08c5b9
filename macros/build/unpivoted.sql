{#-
    One row for each row of `source` and each of `rows` that holds for it. A row is a list: when it holds, then one expression for each
    of `columns`.
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
