{{ config(materialized='view') }}

select
    school_year,
    check_name,
    table_name,
    row_id,
    source_row_number,
    column_name,
    value,
    reason
from {{ ref('int_data_quality_findings') }}
union all
-- Counted by spelling in every build (int_findings_counted); the rows are looked up when they are read.
select
    school_year.school_year,
    checks.check_name,
    checks.table_name,
    immunizations.immunization_id as row_id,
    immunizations.source_row_number,
    checks.column_name,
    immunizations.agent as value,
    checks.description as reason
from {{ ref('stg_panorama__immunizations') }} as immunizations
cross join {{ ref('int_school_year') }} as school_year
left join
    (
        select distinct agent
        from {{ ref('int_agents') }}
        where is_known
    ) as known_agents
    on immunizations.agent = known_agents.agent
inner join {{ ref('data_quality_checks') }} as checks
    on checks.check_name = 'immunizations_unknown_agent'
where known_agents.agent is null
