with findings as (
    select * from {{ ref('int_data_quality_findings') }}
),

schools as (
    select * from {{ ref('stg_panorama__schools') }}
),

public_health_units as (
    select * from {{ ref('int_public_health_units') }}
),

units_to_come as (
    select * from {{ ref('int_public_health_units_to_come') }}
),

mergers as (
    select * from {{ ref('public_health_unit_mergers') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

rows_by_extract as (
    select
        extract_name,
        cast(sum(row_count) as bigint) as row_count
    from {{ ref('int_extract_files') }}
    group by extract_name
),

schools_of_units_to_come as (
    select
        units_to_come.phu_id,
        units_to_come.phu_name,
        units_to_come.first_school_year,
        units_to_come.parts,
        count(*) as schools
    from schools
    inner join units_to_come
        on schools.public_health_unit_label = units_to_come.public_health_unit_label
    group by units_to_come.phu_id, units_to_come.phu_name, units_to_come.first_school_year, units_to_come.parts
),

-- Units to come of which the extract has a part, so that it knows the units of the year.
units_with_parts as (
    select distinct mergers.merged_into as phu_id
    from schools
    inner join public_health_units
        on schools.public_health_unit_label = public_health_units.public_health_unit_label
    inner join mergers
        on public_health_units.phu_id = mergers.phu_id
),

described_units as (
    select
        schools_of_units_to_come.phu_name as part,
        rows_by_extract.row_count as rows_checked,
        schools_of_units_to_come.schools,
        case when units_with_parts.phu_id is null then schools_of_units_to_come.schools else 0 end as schools_without_parts,
        concat(
            'a unit from ', schools_of_units_to_come.first_school_year, ' on; in ', school_year.school_year,
            coalesce(' it is ' || schools_of_units_to_come.parts, ' there is none')
        ) as remark
    from schools_of_units_to_come
    cross join school_year
    inner join rows_by_extract
        on rows_by_extract.extract_name = 'schools'
    left join units_with_parts
        on schools_of_units_to_come.phu_id = units_with_parts.phu_id
),

parts as (
    select
        'schools_phu_to_come' as check_name,
        part,
        rows_checked,
        schools as rows_failed,
        remark
    from described_units
    union all
    select
        'schools_phu_to_come_instead_of_its_parts' as check_name,
        part,
        rows_checked,
        schools_without_parts as rows_failed,
        remark
    from described_units
    union all
    select
        findings.check_name,
        concat('''', min(findings.value), '''') as part,
        max(rows_by_extract.row_count) as rows_checked,
        count(*) as rows_failed,
        cast(null as {{ dbt.type_string() }}) as remark
    from findings
    inner join rows_by_extract
        on findings.table_name = rows_by_extract.extract_name
    where findings.check_name = 'immunizations_agent_of_another_year'
    group by findings.check_name, {{ normalized_label('findings.value') }}
),

-- Each of these checks counts its parts together.
final as (
    select
        check_name,
        part,
        rows_checked,
        rows_failed,
        remark
    from parts
    union all
    select
        check_name,
        'all' as part,
        max(rows_checked) as rows_checked,
        cast(sum(rows_failed) as bigint) as rows_failed,
        cast(null as {{ dbt.type_string() }}) as remark
    from parts
    group by check_name
)

select * from final
