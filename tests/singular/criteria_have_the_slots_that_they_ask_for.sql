-- In the school year, the dose rules of a criterion's schedule fill as many slots as the criterion asks for, for all students: for
-- those too whom the rules tell apart. A schedule whose rules have ended while its criterion has not would have no valid dose.
with slots_needed as (
    select
        rule_id,
        antigen,
        schedule,
        valid_doses,
        reference_dose_number,
        recent_dose_number
    from {{ ref('up_to_date_rules') }} as rules
    where {{ holds_in(school_year(), 'rules') }}
),

variants as (
    select
        antigen,
        schedule,
        variant
    from {{ ref('dose_rules') }}
    where variant is not null
    group by antigen, schedule, variant
    union all
    select
        antigen,
        schedule,
        null as variant
    from {{ ref('schedules') }}
),

slots_filled as (
    select
        variants.antigen,
        variants.schedule,
        variants.variant,
        coalesce(max(rules.dose_number), 0) as slots
    from variants
    left join {{ ref('dose_rules') }} as rules
        on
            variants.antigen = rules.antigen
            and variants.schedule = rules.schedule
            and coalesce(variants.variant = rules.variant, true)
            and {{ holds_in(school_year(), 'rules') }}
    group by variants.antigen, variants.schedule, variants.variant
)

select
    'up_to_date_rules' as table_name,
    slots_needed.rule_id,
    slots_needed.schedule,
    slots_needed.valid_doses,
    concat(
        'asks for more doses than dose_rules.csv has rules for in the school year {{ school_year() }}: ',
        case when slots_filled.variant is null then '' else concat('variant ', slots_filled.variant, ', ') end, 'dose_number up to ',
        cast(slots_filled.slots as {{ dbt.type_string() }})
    ) as problem
from slots_needed
inner join slots_filled
    on
        slots_needed.antigen = slots_filled.antigen
        and slots_needed.schedule = slots_filled.schedule
where
    slots_needed.valid_doses > slots_filled.slots
    or slots_needed.reference_dose_number > slots_filled.slots
    or slots_needed.recent_dose_number > slots_filled.slots
