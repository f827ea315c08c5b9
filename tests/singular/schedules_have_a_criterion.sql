-- In the school year, a schedule that has dose rules has a criterion: without one its valid doses would make nobody up to date.
with criteria as (
    select
        rules.antigen,
        rules.schedule
    from {{ ref('up_to_date_rules') }} as rules
    where {{ holds_in(school_year(), 'rules') }}
),

schedules as (
    select distinct
        rules.antigen,
        rules.schedule
    from {{ ref('dose_rules') }} as rules
    where {{ holds_in(school_year(), 'rules') }}
)

select
    'dose_rules' as table_name,
    schedules.antigen,
    schedules.schedule,
    'has dose rules, but no row of up_to_date_rules.csv in the school year {{ school_year() }}' as problem
from schedules
left join criteria
    on
        schedules.antigen = criteria.antigen
        and schedules.schedule = criteria.schedule
where criteria.schedule is null
