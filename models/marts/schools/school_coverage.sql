{{ config(alias='coverage') }}

with decisions as (
    select * from {{ ref('int_school_decisions') }}
),

public_health_units as (
    select distinct
        phu_id,
        phu_name
    from {{ ref('int_public_health_units') }}
),

schools as (
    select * from {{ ref('stg_panorama__schools') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

shown as (
    select
        covered.phu_id,
        covered.school_id,
        covered.age,
        substring(covered.column_name, length('coverage/') + 1) as antigen,
        covered.is_withheld,
        case when not bases.is_withheld then bases.counted end as students,
        case when not covered.is_withheld then covered.counted end as students_up_to_date
    from decisions as covered
    inner join decisions as bases
        on
            covered.phu_id = bases.phu_id
            and covered.school_id = bases.school_id
            and covered.age = bases.age
            and covered.parent_name = bases.column_name
    where covered.column_name like 'coverage/%'
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        school_year.school_year,
        shown.phu_id,
        public_health_units.phu_name,
        shown.school_id,
        schools.school_name,
        schools.school_type,
        schools.school_board,
        shown.age,
        shown.antigen,
        shown.is_withheld,
        shown.students,
        shown.students_up_to_date,
        case when not shown.is_withheld then {{ percent('shown.students_up_to_date', 'shown.students') }} end
            as coverage_percent
    from shown
    cross join school_year
    inner join public_health_units
        on shown.phu_id = public_health_units.phu_id
    left join schools
        on shown.school_id = schools.school_id
)

select * from final
