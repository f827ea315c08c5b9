{#-
    The rows of a base model that repeat an id: all but the first by file order. is_exact_copy says whether every column
    equals the first row's.
-#}
{% macro surplus_rows(base_model, extract_name, id_column, columns) -%}
    select /*+ broadcast(ranked) */
        '{{ extract_name }}' as extract_name,
        ranked.source_row_number,
        ranked.{{ id_column }} as row_id,
        {{ row_content('ranked', columns) }} = {{ row_content('firsts', columns) }} as is_exact_copy
    from (
        select /*+ broadcast(repeated_ids) */
            repeated_rows.*,
            min(repeated_rows.source_row_number) over (partition by repeated_rows.{{ id_column }}) as first_row_number
        from {{ base_model }} as repeated_rows
        inner join (
            {{ repeated_ids(base_model, id_column) }}
        ) as repeated_ids
            on repeated_rows.{{ id_column }} = repeated_ids.{{ id_column }}
    ) as ranked
    inner join {{ base_model }} as firsts
        on ranked.first_row_number = firsts.source_row_number
    where ranked.source_row_number > ranked.first_row_number
{%- endmacro %}

{#- The columns of a row as one text, null told from empty by nothing: base models have no empty texts. -#}
{% macro row_content(table_name, columns) -%}
    concat_ws(
        chr(31)
        {%- for column in columns -%}
        , coalesce(cast({{ table_name }}.{{ column }} as {{ dbt.type_string() }}), '')
        {%- endfor -%}
    )
{%- endmacro %}

{#- The ids that more than one row has. DuckDB sorts ids in half the time in which it groups them, since nearly all are groups of one. -#}
{% macro repeated_ids(base_model, id_column) -%}
    {{ return(adapter.dispatch('repeated_ids')(base_model, id_column)) }}
{%- endmacro %}

{% macro duckdb__repeated_ids(base_model, id_column) -%}
    select distinct {{ id_column }}
    from (
        select
            {{ id_column }},
            lag({{ id_column }}) over (order by {{ id_column }}) as preceding_id
        from {{ base_model }}
    )
    where {{ id_column }} = preceding_id
{%- endmacro %}

{% macro spark__repeated_ids(base_model, id_column) -%}
    select {{ id_column }}
    from {{ base_model }}
    group by {{ id_column }}
    having count(*) > 1
{%- endmacro %}
