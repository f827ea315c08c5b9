with schedules_planned as (
    select schedules_planned.*
    from {{ ref('int_schedules_planned') }} as schedules_planned
    cross join {{ ref('int_school_year') }} as school_year
    where schedules_planned.planned_from = school_year.assessment_date
),

students as (
    select * from {{ ref('int_students') }}
),

nearest as (
    select
        student_key,
        antigen,
        min(doses_needed) as doses_needed
    from schedules_planned
    group by student_key, antigen
),

final as (
    select
        students.phu_id,
        students.age,
        nearest.antigen,
        nearest.doses_needed,
        count(*) as students
    from nearest
    inner join students
        on nearest.student_key = students.student_key
    group by students.phu_id, students.age, nearest.antigen, nearest.doses_needed
)

select * from final
