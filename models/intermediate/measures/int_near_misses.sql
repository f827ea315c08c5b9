with refused_doses as (
    select
        *,
        {{ day_number('earliest_counted_date') }} - {{ day_number('administered_date') }} as days_short
    from {{ ref('int_refused_doses') }}
    where reason in ('too_young', 'interval_too_short')
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
    where refused_doses.days_short between 1 and {{ grace_days() }}
)

select * from final
