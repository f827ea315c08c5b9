-- The schools of a public health unit add up to its students, for every age, antigen and status.
with schools as (
    select
        phu_id,
        age,
        antigen,
        status,
        coalesce(refusal_reason, 'none') as refusal_reason,
        sum(students) as students
    from {{ ref('school_not_up_to_date_reasons') }}
    group by phu_id, age, antigen, status, coalesce(refusal_reason, 'none')
),

units as (
    select * from {{ ref('not_up_to_date_reasons') }}
    where
        geography = 'phu'
        and {{ is_of_this_build() }}
)

select
    units.phu_id,
    units.age,
    units.antigen,
    units.status
from units
left join schools
    on
        units.phu_id = schools.phu_id
        and units.age = schools.age
        and units.antigen = schools.antigen
        and units.status = schools.status
        and coalesce(units.refusal_reason, 'none') = schools.refusal_reason
where units.students <> coalesce(schools.students, 0)
