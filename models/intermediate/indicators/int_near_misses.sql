with refused_doses as (
    select * from {{ ref('int_refused_doses') }}
    where
        reason in ('too_young', 'interval_too_short')
        and days_short between 1 and {{ var('grace_days') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

students as (
    select * from {{ ref('int_students') }}
),

final as (
    select
        students.student_key,
        students.phu_id,
        students.age,
        refused_doses.antigen,
        refused_doses.schedule,
        refused_doses.administered_date,
        refused_doses.reason,
        refused_doses.days_short
    from refused_doses
    inner join open_antigens
        on
            refused_doses.student_key = open_antigens.student_key
            and refused_doses.antigen = open_antigens.antigen
    inner join students
        on refused_doses.student_key = students.student_key
)

select * from final
