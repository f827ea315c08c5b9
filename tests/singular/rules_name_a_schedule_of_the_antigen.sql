-- Dose rules and criteria name a schedule that the antigen has, and no criterion asks for more doses than it has slots.
with named as (
    select
        rule_id,
        antigen,
        schedule,
        0 as doses_needed
    from {{ ref('dose_rules') }}
    union all
    select
        rule_id,
        antigen,
        schedule,
        valid_doses as doses_needed
    from {{ ref('up_to_date_rules') }}
),

slots as (
    select
        schedules.antigen,
        schedules.schedule,
        max(dose_rules.dose_number) as slots
    from {{ ref('schedules') }} as schedules
    left join {{ ref('dose_rules') }} as dose_rules
        on
            schedules.antigen = dose_rules.antigen
            and schedules.schedule = dose_rules.schedule
    group by schedules.antigen, schedules.schedule
)

select named.*
from named
left join slots
    on
        named.antigen = slots.antigen
        and named.schedule = slots.schedule
where coalesce(slots.slots < named.doses_needed, true)
