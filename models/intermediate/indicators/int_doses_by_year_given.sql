with doses as (
    select * from {{ ref('int_doses') }}
    where is_kept
),

students as (
    select * from {{ ref('int_students') }}
),

final as (
    select
        students.phu_id,
        students.age,
        doses.antigen,
        cast(extract(year from doses.administered_date) as int) as year_given,
        count(*) as doses
    from doses
    inner join students
        on doses.student_key = students.student_key
    group by students.phu_id, students.age, doses.antigen, cast(extract(year from doses.administered_date) as int)
)

select * from final
