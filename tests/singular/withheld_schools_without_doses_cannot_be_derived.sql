-- What a public health unit's total leaves for its withheld schools is never one school, nor a small count.
with units as (
    select
        phu_id,
        age,
        students,
        students_without_dtp,
        students_without_dose
    from {{ ref('zero_dose') }}
    where geography = 'phu'
),

schools as (
    select
        phu_id,
        age,
        count(*) as schools,
        sum(case when is_withheld then 1 else 0 end) as withheld,
        sum(coalesce(students, 0)) as students_shown,
        sum(coalesce(students_without_dtp, 0)) as students_without_dtp_shown,
        sum(coalesce(students_without_dose, 0)) as students_without_dose_shown
    from {{ ref('school_zero_dose') }}
    group by phu_id, age
),

left_over as (
    select
        schools.*,
        units.students - schools.students_shown as students_left,
        units.students_without_dtp - schools.students_without_dtp_shown as without_dtp_left,
        units.students_without_dose - schools.students_without_dose_shown as without_dose_left
    from schools
    inner join units
        on
            schools.phu_id = units.phu_id
            and schools.age = units.age
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
            or without_dose_left between 1 and {{ suppress_below() }} - 1
            or without_dtp_left - without_dose_left between 1 and {{ suppress_below() }} - 1
            or students_left - without_dtp_left between 1 and {{ suppress_below() }} - 1
        )
    )
