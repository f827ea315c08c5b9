-- Dose rules and criteria name a schedule that the antigen has.
with named as (
    select
        'dose_rules' as table_name,
        rule_id,
        antigen,
        schedule
    from {{ ref('dose_rules') }}
    union all
    select
        'up_to_date_rules' as table_name,
        rule_id,
        antigen,
        schedule
    from {{ ref('up_to_date_rules') }}
)

select
    named.*,
    'is not a schedule of this antigen in seeds/annex/schedules.csv' as problem
from named
left join {{ ref('schedules') }} as schedules
    on
        named.antigen = schedules.antigen
        and named.schedule = schedules.schedule
where schedules.schedule is null
