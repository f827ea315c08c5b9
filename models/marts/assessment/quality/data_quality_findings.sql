{{ config(materialized='view') }}

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

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_year,
        check_name,
        table_name,
        row_id,
        source_row_number,
        column_name,
        value,
        reason
    from findings
    union all
    -- Most findings of a real extract: vaccines against diseases that the annex does not assess. They are looked up where they
    -- are read, and counted by spelling (int_findings_counted).
    select
        school_year.school_year,
        checks.check_name,
        checks.table_name,
        immunizations.immunization_id as row_id,
        immunizations.source_row_number,
        checks.column_name,
        immunizations.agent as value,
        checks.description as reason
    from immunizations
    cross join school_year
    left join known_agents
        on immunizations.agent = known_agents.agent
    inner join checks
        on checks.check_name = 'immunizations_unknown_agent'
    where known_agents.agent is null
)

select * from final
