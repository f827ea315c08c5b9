{#-
    Query of the rows in force that repeat an id: all but the first by file order. `is_exact_copy`: every one of `columns` equals that of
    the first row; base models have no empty texts, so null and empty are the same.
-#}
{% macro surplus_rows(relation, extract_name, id_column, columns) -%}
    {%- set content_of_surplus, content_of_first = [], [] -%}
    {%- for column in columns -%}
        {%- do content_of_surplus.append("coalesce(cast(surplus." ~ column ~ " as " ~ dbt.type_string() ~ "), '')") -%}
        {%- do content_of_first.append("coalesce(cast(firsts." ~ column ~ " as " ~ dbt.type_string() ~ "), '')") -%}
    {%- endfor -%}
    select /*+ broadcast(ranked) */
        '{{ extract_name }}' as extract_name,
        ranked.source_row_number,
        ranked.{{ id_column }} as row_id,
        concat_ws(chr(31), {{ content_of_surplus | join(', ') }}) = concat_ws(chr(31), {{ content_of_first | join(', ') }}) as is_exact_copy
    from (
        select
            *,
            min(source_row_number) over (partition by {{ id_column }}) as first_row_number
        from ({{ adapter.dispatch('rows_of_repeated_ids')(relation, id_column) }}) as repeated_rows
    ) as ranked
    inner join {{ relation }} as surplus
        on ranked.source_row_number = surplus.source_row_number
    inner join {{ relation }} as firsts
        on ranked.first_row_number = firsts.source_row_number
    where ranked.source_row_number > ranked.first_row_number
{%- endmacro %}

{#- On DuckDB sorting ids takes half the time of grouping them, since nearly all groups have one row. -#}
{% macro duckdb__rows_of_repeated_ids(relation, id_column) -%}
    select
        {{ id_column }},
        source_row_number
    from (
        select
            {{ id_column }},
            source_row_number,
            lag({{ id_column }}) over (order by {{ id_column }}, source_row_number) as preceding_id,
            lead({{ id_column }}) over (order by {{ id_column }}, source_row_number) as following_id
        from {{ relation }}
        where not_in_force is null
    )
    where {{ id_column }} in (preceding_id, following_id)
{%- endmacro %}
