-- Before suppression, the counts of schools add up to those of their public health unit in `marts`.
with schools as (
    select
        phu_id,
        age,
        column_name,
        sum(counted) as counted
    from {{ ref('int_school_cells') }}
    group by phu_id, age, column_name
),

zero_dose as (
    select * from {{ ref('zero_dose') }}
    where
        geography = 'phu'
        and {{ is_of_this_build() }}
        and students > 0
),

units as (
    select
        phu_id,
        age,
        concat('coverage/', antigen) as column_name,
        students_up_to_date as counted
    from {{ ref('coverage') }}
    where
        geography = 'phu'
        and {{ is_of_this_build() }}
        and students > 0
    union all
    {{ unpivoted('zero_dose', keys=['phu_id', 'age'], columns=['column_name', 'counted'], rows=[
        ['true', "'students'", 'students'],
        ['true', "'without_dtp'", 'students_without_dtp'],
        ['true', "'without_dose'", 'students_without_dose'],
    ]) }}
)

select units.*
from units
left join schools
    on
        units.phu_id = schools.phu_id
        and units.age = schools.age
        and units.column_name = schools.column_name
where units.counted <> coalesce(schools.counted, -1)
