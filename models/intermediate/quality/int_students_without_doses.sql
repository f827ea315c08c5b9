with students as (
    select * from {{ ref('int_students') }}
),

immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

final as (
    select
        students.student_key,
        students.age,
        students.phu_name
    from students
    where not exists (
        select 1
        from immunizations
        where students.student_key = immunizations.student_key
    )
)

select * from final
