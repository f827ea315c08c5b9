with ages as (
    select distinct
        school_year,
        geography,
        phu_id,
        phu_name,
        age
    from {{ ref('int_geographies_by_antigen') }}
),

students_without_doses as (
    select * from {{ ref('int_students_without_doses') }}
),

counts as (
    select
        ages.school_year,
        ages.geography,
        ages.phu_id,
        ages.phu_name,
        ages.age,
        cast(coalesce(sum(students_without_doses.students), 0) as bigint) as students,
        cast(coalesce(sum(students_without_doses.students_without_dtp), 0) as bigint) as students_without_dtp,
        cast(coalesce(sum(students_without_doses.students_without_dose), 0) as bigint) as students_without_dose
    from ages
    left join students_without_doses
        on
            ages.age = students_without_doses.age
            and (ages.geography = 'province' or ages.phu_id = students_without_doses.phu_id)
    group by ages.school_year, ages.geography, ages.phu_id, ages.phu_name, ages.age
),

final as (
    select
        {{ build_id() }} as build_id,
        *,
        {{ percent('students_without_dtp', 'students') }} as without_dtp_percent,
        {{ percent('students_without_dose', 'students') }} as without_dose_percent
    from counts
)

select * from final
