{%- set extracts = extract_columns().keys() -%}
with checks as (
    select * from {{ ref('data_quality_checks') }}
),

findings as (
    select * from {{ ref('data_quality_findings') }}
),

builds as (
    select * from {{ ref('builds') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

rows_by_extract as (
    {%- for extract_name in extracts %}
    select
        '{{ extract_name }}' as table_name,
        count(*) as row_count
    from {{ ref('base_panorama__' ~ extract_name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- The demonstration is no measure of a real extract, nor one school year of another.
last_builds as (
    select max(builds.built_at) as built_at
    from builds
    cross join school_year
    where
        builds.build_id <> {{ build_id() }}
        and builds.school_year = school_year.school_year
        and builds.is_demonstration = {{ is_demonstration() | lower }}
),

rows_of_last_build as (
    select
        builds.extract_name as table_name,
        max(builds.row_count) as row_count
    from builds
    inner join last_builds
        on builds.built_at = last_builds.built_at
    where builds.build_id <> {{ build_id() }}
    group by builds.extract_name
),

history_doses as (
    select count(*) as row_count
    from {{ ref('base_panorama__history_doses') }}
),

findings_by_check as (
    select
        check_name,
        count(*) as rows_failed
    from findings
    group by check_name
),

counted as (
    select
        checks.*,
        case
            when checks.check_name = concat(checks.table_name, '_fewer_rows') then coalesce(rows_of_last_build.row_count, 0)
            when checks.check_name = concat(checks.table_name, '_empty') then 1
            -- Doses of packed histories are checked as immunizations.
            when checks.table_name = 'immunizations' then rows_by_extract.row_count + history_doses.row_count
            else rows_by_extract.row_count
        end as rows_checked,
        case
            when checks.check_name = concat(checks.table_name, '_fewer_rows')
                then greatest(0, coalesce(rows_of_last_build.row_count, 0) - rows_by_extract.row_count)
            when checks.check_name = concat(checks.table_name, '_empty')
                then case when rows_by_extract.row_count = 0 then 1 else 0 end
            else coalesce(findings_by_check.rows_failed, 0)
        end as rows_failed
    from checks
    cross join history_doses
    inner join rows_by_extract
        on checks.table_name = rows_by_extract.table_name
    left join rows_of_last_build
        on checks.table_name = rows_of_last_build.table_name
    left join findings_by_check
        on checks.check_name = findings_by_check.check_name
),

percents as (
    select
        *,
        {{ percent('rows_failed', 'rows_checked') }} as percent_failed
    from counted
),

final as (
    select
        {{ build_id() }} as build_id,
        school_year.school_year,
        percents.check_name as {{ adapter.quote('check') }},
        percents.severity,
        case
            when percents.rows_failed = 0 then 'passed'
            when percents.severity = 'info' then 'counted'
            when percents.rows_failed <= percents.above_rows or percents.percent_failed <= percents.above_percent
                then 'within_threshold'
            when percents.severity = 'warn' then 'warned'
            else 'failed'
        end as outcome,
        percents.table_name,
        percents.column_name,
        percents.description,
        percents.above_rows,
        percents.above_percent,
        cast(percents.rows_checked as bigint) as rows_checked,
        cast(percents.rows_failed as bigint) as rows_failed,
        percents.percent_failed
    from percents
    cross join school_year
)

select * from final
