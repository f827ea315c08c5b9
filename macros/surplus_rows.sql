{#-
    The rows of a base model that repeat an id: all but the first by file order. is_exact_copy says whether every column
    equals the first row's.
-#}
{% macro surplus_rows(base_model, extract_name, id_column, columns) -%}
    select
        '{{ extract_name }}' as extract_name,
        ranked.source_row_number,
        ranked.{{ id_column }} as row_id,
        {%- for column in columns %}
        {{ 'and ' if not loop.first }}ranked.{{ column }} is not distinct from firsts.{{ column }}
        {%- endfor %} as is_exact_copy
    from (
        select
            rows_of_ids.*,
            min(rows_of_ids.source_row_number) over (partition by rows_of_ids.{{ id_column }}) as first_row_number
        from {{ base_model }} as rows_of_ids
        inner join (
            select {{ id_column }}
            from {{ base_model }}
            group by {{ id_column }}
            having count(*) > 1
        ) as repeated
            on rows_of_ids.{{ id_column }} = repeated.{{ id_column }}
    ) as ranked
    inner join {{ base_model }} as firsts
        on ranked.first_row_number = firsts.source_row_number
    where ranked.source_row_number > ranked.first_row_number
{%- endmacro %}
