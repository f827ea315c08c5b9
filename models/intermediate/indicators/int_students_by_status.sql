with students as (
    select * from {{ ref('int_students') }}
),

student_antigens as (
    select * from {{ ref('int_student_antigens') }}
),

students_not_up_to_date as (
    select * from {{ ref('int_students_not_up_to_date') }}
),

final as (
    select
        students.school_id,
        students.phu_id,
        student_antigens.age,
        student_antigens.antigen,
        coalesce(students_not_up_to_date.status, 'up_to_date') as status,
        coalesce(students_not_up_to_date.refusal_reason, 'none') as refusal_reason,
        count(*) as students
    from student_antigens
    inner join students
        on student_antigens.student_key = students.student_key
    left join students_not_up_to_date
        on
            student_antigens.student_key = students_not_up_to_date.student_key
            and student_antigens.antigen = students_not_up_to_date.antigen
    group by
        students.school_id, students.phu_id, student_antigens.age, student_antigens.antigen,
        coalesce(students_not_up_to_date.status, 'up_to_date'), coalesce(students_not_up_to_date.refusal_reason, 'none')
)

select * from final
