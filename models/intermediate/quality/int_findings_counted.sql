with findings as (
    select * from {{ ref('data_quality_findings') }}
),

files as (
    select * from {{ ref('int_extract_files') }}
),

final as (
    select
        findings.check_name,
        findings.table_name,
        files.file,
        files.files_of_extract,
        files.row_count as rows_of_file,
        findings.value,
        count(*) as row_count
    from findings
    left join files
        on
            findings.table_name = files.extract_name
            and findings.source_row_number between files.first_row and files.last_row
    group by
        findings.check_name,
        findings.table_name,
        files.file,
        files.files_of_extract,
        files.row_count,
        findings.value
)

select * from final
