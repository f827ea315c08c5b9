-- The counts that schools are withheld from are those of the units in `marts`.
with schools as (
    select
        phu_id,
        age,
        column_name,
        sum(counted) as counted
    from {{ ref('int_school_cells') }}
    group by phu_id, age, column_name
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
        and students > 0
    union all
    select
        phu_id,
        age,
        'students' as column_name,
        students as counted
    from {{ ref('zero_dose') }}
    where
        geography = 'phu'
        and students > 0
    union all
    select
        phu_id,
        age,
        'without_dtp' as column_name,
        students_without_dtp as counted
    from {{ ref('zero_dose') }}
    where
        geography = 'phu'
        and students > 0
    union all
    select
        phu_id,
        age,
        'without_dose' as column_name,
        students_without_dose as counted
    from {{ ref('zero_dose') }}
    where
        geography = 'phu'
        and students > 0
)

select units.*
from units
left join schools
    on
        units.phu_id = schools.phu_id
        and units.age = schools.age
        and units.column_name = schools.column_name
where units.counted <> coalesce(schools.counted, -1)
