-- add_period: days are days, months and years are calendar, 29 February plus a year is 28 February. day_number
-- counts days.
with cases as (
    select
        date '2013-08-20' as start_date,
        '168 days' as period,
        date '2014-02-04' as expected,
        168 as days
    union all
    select
        date '2012-02-29' as start_date,
        '1 year' as period,
        date '2013-02-28' as expected,
        365 as days
    union all
    select
        date '2012-02-29' as start_date,
        '4 years' as period,
        date '2016-02-29' as expected,
        1461 as days
    union all
    select
        date '2013-01-31' as start_date,
        '1 month' as period,
        date '2013-02-28' as expected,
        28 as days
    union all
    select
        date '2013-10-31' as start_date,
        '16 months' as period,
        date '2015-02-28' as expected,
        485 as days
    union all
    select
        date '1969-12-31' as start_date,
        '0 days' as period,
        date '1969-12-31' as expected,
        0 as days
    union all
    select
        date '2013-08-20' as start_date,
        cast(null as {{ dbt.type_string() }}) as period,
        cast(null as date) as expected,
        cast(null as int) as days
)

select
    start_date,
    period
from cases
where
    {{ add_period('start_date', 'cast(period as interval)') }} is distinct from expected
    or {{ day_number('expected') }} - {{ day_number('start_date') }} is distinct from days
    or {{ day_number("date '1970-01-02'") }} <> 1
