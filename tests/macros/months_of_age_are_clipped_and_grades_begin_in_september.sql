-- age_in_months and day_of_age: born on the 31st, a month of age is complete on the last day of a shorter month;
-- grade 7 begins on 1 September of the year of the 12th birthday.
with cases as (
    select
        date '2011-12-31' as birth,
        date '2012-02-29' as day,
        2 as months
    union all
    select
        date '2011-12-31' as birth,
        date '2012-02-28' as day,
        1 as months
    union all
    select
        date '2012-02-29' as birth,
        date '2013-02-28' as day,
        12 as months
    union all
    select
        date '2011-03-15' as birth,
        date '2012-03-14' as day,
        11 as months
    union all
    select
        date '2011-03-15' as birth,
        date '2012-03-15' as day,
        12 as months
    union all
    select
        date '2011-03-15' as birth,
        date '2011-03-14' as day,
        -1 as months
),

ages as (
    select
        date '2006-12-31' as birth,
        'grade 7' as age,
        date '2018-09-01' as expected
    union all
    select
        date '2006-01-01' as birth,
        'grade 8' as age,
        date '2019-09-01' as expected
    union all
    select
        date '2006-12-31' as birth,
        '18 months' as age,
        date '2008-06-30' as expected
)

select
    birth,
    cast(months as {{ dbt.type_string() }}) as expected
from cases
where {{ age_in_months('birth', 'day') }} <> months
union all
select
    birth,
    age as expected
from ages
where {{ day_of_age('birth', 'age') }} is distinct from expected
