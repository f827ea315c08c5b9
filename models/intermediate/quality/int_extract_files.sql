{#- From the reader's record; in a folder that dbt reads itself, by name, each file numbered from its own 10^12. -#}
{%- set recorded = prepared_file('extract_files.parquet') -%}
with files as (
    {%- if recorded %}
    select
        extract_name,
        file,
        cast(first_row as bigint) as first_row,
        cast(row_count as bigint) as row_count
    from {{ recorded }}
    {%- else %}
    select
        listed.extract_name,
        listed.file,
        cast(listed.first_row as bigint) as first_row,
        cast(null as bigint) as row_count
    from (
        values
        {%- for extract_name in extract_columns() %}
        {%- for file in ([extract_name ~ '.csv'] if is_demonstration() else extract_files(extract_name)) %}
        ('{{ extract_name }}', '{{ file.split('/')[-1] | replace("'", "''") }}', {{ loop.index0 * 1000000000000 + 1 }}),
        {%- endfor %}
        {%- endfor %}
        (null, null, null)
    ) as listed (extract_name, file, first_row)
    where listed.extract_name is not null
    {%- endif %}
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

counted as (
    select
        extract_name,
        1000000000000 * cast(floor(source_row_number / 1000000000000) as bigint) + 1 as first_row,
        count(*) as row_count
    from {{ ref('int_extract_rows') }}
    group by extract_name, 1000000000000 * cast(floor(source_row_number / 1000000000000) as bigint) + 1
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
