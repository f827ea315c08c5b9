{#- A check of `table_is_sound` that finds keys: those of a query, given from after its `from` on. -#}
{% macro check_of_keys(named, columns, problem, found) -%}
    {%- set text = [] -%}
    {%- for column in columns -%}
        {%- do text.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '')") -%}
    {%- endfor -%}
    {%- set text = 'concat(' ~ text | join(", '|', ") ~ ')' -%}
    {{ return({
        'columns': named,
        'problem': problem,
        'holds_where': text ~ ' in (select ' ~ text ~ ' from ' ~ found ~ ')',
        'found_in': '(select 1 as key from ' ~ found ~ ') as keys_found'
    }) }}
{%- endmacro %}
