with files as (
    {{ extract_files_read() }}
),

ranged as (
    select
        extract_name,
        file,
        first_row,
        row_count,
        coalesce(
            lead(first_row) over (partition by extract_name order by first_row) - 1, cast(9000000000000000000 as bigint)
        ) as last_row,
        count(*) over (partition by extract_name) as files_of_extract
    from files
),

-- A folder that dbt reads itself: each file is numbered from its own million million.
counted as (
    {%- for extract_name in extract_columns() %}
    select
        '{{ extract_name }}' as extract_name,
        1000000000000 * cast(floor(source_row_number / 1000000000000) as bigint) + 1 as first_row,
        count(*) as row_count
    from {{ ref('base_panorama__' ~ extract_name) }}
    group by 1000000000000 * cast(floor(source_row_number / 1000000000000) as bigint) + 1
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        ranged.extract_name,
        ranged.file,
        ranged.first_row,
        ranged.last_row,
        ranged.files_of_extract,
        cast(coalesce(ranged.row_count, counted.row_count, 0) as bigint) as row_count
    from ranged
    left join counted
        on
            ranged.extract_name = counted.extract_name
            and ranged.first_row = counted.first_row
)

select * from final
