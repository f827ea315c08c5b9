with students as (
    select * from {{ ref('int_students') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_year.school_year,
        students.client_id,
        students.age,
        students.gender,
        students.date_of_birth,
        students.education_record_id,
        students.school_id,
        students.phu_id,
        students.phu_name,
        students.assignment_decision
    from students
    cross join school_year
)

select * from final
