with findings as (
    select * from {{ ref('int_data_quality_findings') }}
),

immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

known_agents as (
    select distinct agent
    from {{ ref('int_agents') }}
    where is_known
),

checks as (
    select * from {{ ref('data_quality_checks') }}
),

files as (
    select * from {{ ref('int_extract_files') }}
),

-- Most findings of a real extract: vaccines against diseases that the annex does not assess.
unknown_agents as (
    select
        checks.check_name,
        checks.table_name,
        immunizations.agent as value,
        immunizations.source_row_number
    from immunizations
    left join known_agents
        on immunizations.agent = known_agents.agent
    inner join checks
        on checks.check_name = 'immunizations_unknown_agent'
    where known_agents.agent is null
),

all_findings as (
    select
        check_name,
        table_name,
        value,
        source_row_number
    from findings
    union all
    select
        check_name,
        table_name,
        value,
        source_row_number
    from unknown_agents
),

final as (
    select
        all_findings.check_name,
        all_findings.table_name,
        files.file,
        files.files_of_extract,
        files.row_count as rows_of_file,
        all_findings.value,
        count(*) as row_count
    from all_findings
    left join files
        on
            all_findings.table_name = files.extract_name
            and all_findings.source_row_number between files.first_row and files.last_row
    group by
        all_findings.check_name,
        all_findings.table_name,
        files.file,
        files.files_of_extract,
        files.row_count,
        all_findings.value
)

select * from final
