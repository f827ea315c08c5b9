-- In the school year, the dose rules of a criterion's schedule fill as many slots as the criterion asks for, for each kind of
-- students that the rules tell apart. A schedule whose rules have ended while its criterion has not would have no valid dose.
with criteria as (
    {{ rules_in_force(ref('up_to_date_rules'), ref('int_school_year')) }}
),

rules as (
    {{ rules_in_force(ref('dose_rules'), ref('int_school_year')) }}
),

variants as (
    select distinct
        antigen,
        schedule,
        variant
    from {{ ref('dose_rules') }}
    where variant is not null
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
    left join rules
        on
            variants.antigen = rules.antigen
            and variants.schedule = rules.schedule
            and coalesce(variants.variant = rules.variant, true)
    group by variants.antigen, variants.schedule, variants.variant
)

select
    'up_to_date_rules' as table_name,
    criteria.rule_id,
    criteria.schedule,
    criteria.valid_doses,
    concat(
        'requires more doses than dose_rules.csv has rules for in the school year {{ definitions_year(var('school_year')) }}: ',
        case when slots_filled.variant is null then '' else concat('variant ', slots_filled.variant, ', ') end,
        'dose_number up to ', cast(slots_filled.slots as {{ dbt.type_string() }})
    ) as problem
from criteria
inner join slots_filled
    on
        criteria.antigen = slots_filled.antigen
        and criteria.schedule = slots_filled.schedule
where
    criteria.valid_doses > slots_filled.slots
    or criteria.reference_dose_number > slots_filled.slots
    or criteria.recent_dose_number > slots_filled.slots
