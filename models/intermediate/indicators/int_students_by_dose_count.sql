with student_antigens as (
    select * from {{ ref('int_student_antigens') }}
),

students as (
    select * from {{ ref('int_students') }}
),

doses as (
    select * from {{ ref('int_doses') }}
),

recorded as (
    select
        student_key,
        antigen,
        count(*) as recorded_doses
    from doses
    where is_kept
    group by student_key, antigen
),

final as (
    select
        students.phu_id,
        student_antigens.age,
        student_antigens.antigen,
        coalesce(recorded.recorded_doses, 0) as recorded_doses,
        student_antigens.valid_doses,
        count(*) as students
    from student_antigens
    inner join students
        on student_antigens.student_key = students.student_key
    left join recorded
        on
            students.student_key = recorded.student_key
            and student_antigens.antigen = recorded.antigen
    group by
        students.phu_id, student_antigens.age, student_antigens.antigen, coalesce(recorded.recorded_doses, 0),
        student_antigens.valid_doses
)

select * from final
