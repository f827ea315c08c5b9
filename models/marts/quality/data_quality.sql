{%- set extracts = ['clients', 'schools', 'education_records', 'immunizations', 'exemptions'] -%}
with checks as (
    select * from {{ ref('data_quality_checks') }}
),

findings as (
    select * from {{ ref('data_quality_findings') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

rows_by_extract as (
    {%- for extract_name in extracts %}
    select
        '{{ extract_name }}' as table_name,
        count(*) as rows_checked
    from {{ ref('base_panorama__' ~ extract_name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

findings_by_check as (
    select
        check_name,
        count(*) as rows_failed
    from findings
    group by check_name
),

final as (
    select
        school_year.school_year,
        checks.check_name as {{ adapter.quote('check') }},
        checks.severity,
        checks.table_name,
        checks.column_name,
        checks.description,
        rows_by_extract.rows_checked,
        cast(coalesce(findings_by_check.rows_failed, 0) as bigint) as rows_failed,
        {{ percent('coalesce(findings_by_check.rows_failed, 0)', 'rows_by_extract.rows_checked') }} as percent_failed
    from checks
    cross join school_year
    inner join rows_by_extract
        on checks.table_name = rows_by_extract.table_name
    left join findings_by_check
        on checks.check_name = findings_by_check.check_name
)

select * from final
