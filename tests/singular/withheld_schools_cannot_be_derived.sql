-- The total of a public health unit minus its shown schools is never the count of one school, nor a small count.
with decisions as (
    select * from {{ ref('int_school_decisions') }}
),

sums as (
    select
        phu_id,
        age,
        column_name,
        count(*) as schools,
        sum(case when is_withheld then 1 else 0 end) as withheld,
        sum(case when is_withheld then counted else 0 end) as counted
    from decisions
    -- 0 of 0 is always shown.
    where coalesce(base, 1) > 0
    group by phu_id, age, column_name
)

select *
from sums
where
    withheld > 0
    and withheld < schools
    and (withheld = 1 or counted between 1 and {{ suppress_below() }} - 1)
