with students_by_status as (
    select * from {{ ref('int_students_by_status') }}
),

schools as (
    select * from {{ ref('stg_panorama__schools') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_year.school_year,
        students_by_status.phu_id,
        students_by_status.school_id,
        schools.school_name,
        students_by_status.age,
        students_by_status.antigen,
        students_by_status.status,
        case when students_by_status.status = 'doses_refused' then students_by_status.refusal_reason end as refusal_reason,
        students_by_status.students
    from students_by_status
    cross join school_year
    left join schools
        on students_by_status.school_id = schools.school_id
)

select * from final
