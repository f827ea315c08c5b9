{#- ACCEPT='students_without_doses …': checks accepted by the user, separated by blanks or commas. -#}
{%- set accepted = env_var('ACCEPT', '').replace("'", '').replace(',', ' ').split() | join("', '") -%}
with checks as (
    select * from {{ ref('data_quality_checks') }}
),

findings as (
    select * from {{ ref('int_findings_counted') }}
),

parts as (
    select * from {{ ref('int_data_quality_parts') }}
),

builds as (
    select * from {{ ref('builds') }}
),

last_build as (
    select * from {{ ref('int_last_build') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

rows_of_extracts as (
    select
        extract_name,
        count(*) as row_count
    from {{ ref('int_extract_rows') }}
    group by extract_name
),

rows_by_extract as (
    select
        checks.table_name,
        coalesce(max(rows_of_extracts.row_count), 0) as row_count
    from checks
    left join rows_of_extracts
        on checks.table_name = rows_of_extracts.extract_name
    group by checks.table_name
),

rows_of_last_build as (
    select
        builds.extract_name as table_name,
        builds.row_count
    from builds
    inner join last_build
        on builds.build_id = last_build.build_id
),

history_doses as (
    select count(*) as row_count
    from {{ ref('base_panorama__history_doses') }}
),

findings_by_check as (
    select
        check_name,
        cast(sum(row_count) as bigint) as rows_failed
    from findings
    group by check_name
),

-- A check by part shows the counts of its worst part, and 0 if no part is above the thresholds.
percents_by_part as (
    select
        parts.*,
        {{ percent('parts.rows_failed', 'parts.rows_checked') }} as percent_failed
    from parts
),

judged_parts as (
    select
        percents_by_part.*,
        coalesce(
            percents_by_part.rows_failed > checks.above_rows and percents_by_part.percent_failed > checks.above_percent, false
        ) as is_above
    from percents_by_part
    inner join checks
        on percents_by_part.check_name = checks.check_name
),

ranked_parts as (
    select
        *,
        row_number() over (
            partition by check_name
            order by is_above desc, rows_failed desc, percent_failed desc nulls last, part asc
        ) as place
    from judged_parts
),

worst_parts as (
    select * from ranked_parts
    where place = 1
),

shown_parts as (
    select
        check_name,
        place,
        concat(
            part,
            case
                when rows_checked > 1
                    then concat(
                        ': ', cast(rows_failed as {{ dbt.type_string() }}), ' of ',
                        cast(rows_checked as {{ dbt.type_string() }})
                    )
                else ''
            end,
            case when remark is not null then concat('; ', remark) else '' end
        ) as part_text
    from ranked_parts
    where
        is_above
        and place <= 10
        and part <> 'all'
),

details as (
    select
        check_name,
        {{ joined_texts('part_text', '\n', 'place') }} as detail
    from shown_parts
    group by check_name
),

counted as (
    select
        checks.*,
        details.detail,
        case
            when worst_parts.check_name is not null then worst_parts.rows_checked
            when checks.check_name = concat(checks.table_name, '_fewer_rows') then coalesce(rows_of_last_build.row_count, 0)
            when checks.check_name = concat(checks.table_name, '_empty') then 1
            -- Doses of packed histories are checked as immunizations.
            when checks.table_name = 'immunizations' then rows_by_extract.row_count + history_doses.row_count
            else rows_by_extract.row_count
        end as rows_checked,
        case
            when checks.part is not null and not coalesce(worst_parts.is_above, false) then 0
            when worst_parts.check_name is not null then worst_parts.rows_failed
            when checks.check_name = concat(checks.table_name, '_fewer_rows')
                then greatest(0, coalesce(rows_of_last_build.row_count, 0) - rows_by_extract.row_count)
            when checks.check_name = 'immunizations_empty'
                then case when rows_by_extract.row_count + history_doses.row_count = 0 then 1 else 0 end
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
    left join worst_parts
        on checks.check_name = worst_parts.check_name
    left join details
        on checks.check_name = details.check_name
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
        {{ definitions() }} as definitions,
        school_year.school_year,
        percents.check_name as {{ adapter.quote('check') }},
        percents.severity,
        case
            when percents.rows_failed = 0 then 'passed'
            when percents.severity = 'info' then 'counted'
            when percents.rows_failed <= percents.above_rows or percents.percent_failed <= percents.above_percent
                then 'within_threshold'
            when percents.severity = 'warn' then 'warned'
            when percents.check_name in ('{{ accepted }}') then 'accepted'
            else 'failed'
        end as outcome,
        coalesce(percents.changes_numbers, true) as changes_numbers,
        percents.part_of,
        percents.part,
        percents.table_name,
        percents.column_name,
        percents.description,
        percents.above_rows,
        percents.above_percent,
        cast(percents.rows_checked as bigint) as rows_checked,
        cast(percents.rows_failed as bigint) as rows_failed,
        percents.percent_failed,
        percents.detail,
        percents.remedy,
        coalesce(
            percents.query,
            concat(
                'select * from assessment.data_quality_findings where check_name = ''',
                coalesce(percents.part_of, percents.check_name), ''''
            )
        ) as query
    from percents
    cross join school_year
)

select * from final
