-- A unit that has ended means one unit in each later school year: otherwise its students are of none, or of two.
with school_years as (
    select first_year from {{ ref('school_years') }}
),

units as (
    select * from {{ ref('public_health_units') }}
),

mergers as (
    select * from {{ ref('public_health_unit_mergers') }}
),

ended as (
    select
        units.phu_id,
        school_years.first_year
    from units
    inner join school_years
        on units.school_year_before <= school_years.first_year
),

successors as (
    select
        mergers.phu_id,
        school_years.first_year,
        count(*) as units
    from mergers
    inner join units
        on mergers.merged_into = units.phu_id
    cross join school_years
    where {{ holds_in('school_years.first_year', 'units') }}
    group by mergers.phu_id, school_years.first_year
)

select
    'public_health_units' as table_name,
    ended.phu_id,
    concat(
        'has ended before the school year ', cast(min(ended.first_year) as {{ dbt.type_string() }}),
        ' and public_health_unit_mergers.csv has none or several units that it is part of then'
    ) as problem
from ended
left join successors
    on
        ended.phu_id = successors.phu_id
        and ended.first_year = successors.first_year
where coalesce(successors.units, 0) <> 1
group by ended.phu_id
