{#- The place of a row in the seed file that it was loaded from. -#}
{% macro row_position() -%}
    {#- What `dbt build --empty` reads is a query without rows, and without a place of them. -#}
    {{ return('1' if flags.EMPTY else adapter.dispatch('row_position')()) }}
{%- endmacro %}

{% macro duckdb__row_position() -%}
    rowid
{%- endmacro %}

{#- A seed is written as one file. -#}
{% macro spark__row_position() -%}
    _metadata.row_index
{%- endmacro %}
