-- What a public health unit's total leaves for its withheld schools is never one school, nor a small count.
with units as (
    select
        phu_id,
        age,
        antigen,
        students,
        students_up_to_date
    from {{ ref('coverage') }}
    where geography = 'phu'
),

schools as (
    select
        phu_id,
        age,
        antigen,
        count(*) as schools,
        sum(case when is_withheld then 1 else 0 end) as withheld,
        sum(coalesce(students, 0)) as students_shown,
        sum(coalesce(students_up_to_date, 0)) as students_up_to_date_shown
    from {{ ref('school_coverage') }}
    group by phu_id, age, antigen
),

left_over as (
    select
        schools.*,
        units.students - schools.students_shown as students_left,
        units.students_up_to_date - schools.students_up_to_date_shown as students_up_to_date_left
    from schools
    inner join units
        on
            schools.phu_id = units.phu_id
            and schools.age = units.age
            and schools.antigen = units.antigen
)

select *
from left_over
where
    (withheld = 0 and students_left <> 0)
    or (
        withheld > 0
        and withheld < schools
        and (
            withheld = 1
            or students_left < {{ suppress_below() }}
            or students_up_to_date_left between 1 and {{ suppress_below() }} - 1
            or students_left - students_up_to_date_left between 1 and {{ suppress_below() }} - 1
        )
    )
