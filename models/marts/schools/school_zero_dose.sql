{{ config(alias='zero_dose') }}

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
        phu_id,
        school_id,
        age,
        max(case when column_name = 'students' and not is_withheld then counted end) as students,
        max(case when column_name = 'without_dtp' and not is_withheld then counted end) as students_without_dtp,
        max(case when column_name = 'without_dose' and not is_withheld then counted end) as students_without_dose
    from decisions
    group by phu_id, school_id, age
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
        shown.students_without_dose is null as is_withheld,
        shown.students,
        shown.students_without_dtp,
        shown.students_without_dose,
        {{ percent('shown.students_without_dtp', 'shown.students') }} as without_dtp_percent,
        {{ percent('shown.students_without_dose', 'shown.students') }} as without_dose_percent
    from shown
    cross join school_year
    inner join public_health_units
        on shown.phu_id = public_health_units.phu_id
    left join schools
        on shown.school_id = schools.school_id
)

select * from final
