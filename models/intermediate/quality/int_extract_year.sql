-- School years that fit the extracts: every fully assessed cohort has clients, and doses reach into the year.
with clients as (
    select * from {{ ref('stg_panorama__clients') }}
),

immunizations as (
    select * from {{ ref('base_panorama__immunizations') }}
),

history_doses as (
    select * from {{ ref('base_panorama__history_doses') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

-- Ages at which several antigens are assessed.
full_cohorts as (
    select age
    from ({{ rules_in_force(ref('assessed_antigens'), ref('int_school_year')) }}) as assessed_antigens
    group by age
    having count(*) > 1
),

count_of_full_cohorts as (
    select count(*) as cohorts from full_cohorts
),

births as (
    select
        cast(extract(year from date_of_birth) as int) as birth_year,
        count(*) as clients
    from clients
    where
        client_status = 'Active'
        and client_id is not null
        and date_of_birth is not null
    group by cast(extract(year from date_of_birth) as int)
),

largest_cohort as (
    select max(clients) as clients from births
),

-- A few clients of a year of birth do not make a cohort: registries hold some of every year.
cohorts as (
    select births.birth_year
    from births
    cross join largest_cohort
    where births.clients >= 0.05 * largest_cohort.clients
),

years_by_age as (
    select cohorts.birth_year + full_cohorts.age as first_year
    from cohorts
    cross join full_cohorts
    cross join count_of_full_cohorts
    group by cohorts.birth_year + full_cohorts.age, count_of_full_cohorts.cohorts
    having count(*) = count_of_full_cohorts.cohorts
),

days as (
    select
        administered_date,
        count(*) as doses
    from immunizations
    where administered_date is not null
    group by administered_date
    union all
    select
        administered_date,
        count(*) as doses
    from history_doses
    where administered_date is not null
    group by administered_date
),

years_of_doses as (
    select
        cast(extract(year from administered_date) as int)
        - case when extract(month from administered_date) < 9 then 1 else 0 end as first_year,
        cast(sum(doses) as bigint) as doses
    from days
    group by
        cast(extract(year from administered_date) as int)
        - case when extract(month from administered_date) < 9 then 1 else 0 end
),

doses as (
    select
        coalesce(sum(years_of_doses.doses), 0) as doses,
        coalesce(sum(case when years_of_doses.first_year >= school_year.first_year then years_of_doses.doses end), 0)
            as doses_since_first_day
    from years_of_doses
    cross join school_year
),

latest_doses as (
    select max(years_of_doses.first_year) as first_year
    from years_of_doses
    cross join doses
    where
        years_of_doses.doses > 1
        and years_of_doses.doses >= 0.001 * doses.doses
),

judged as (
    select
        max(years_by_age.first_year) as extract_year,
        max(case when years_by_age.first_year = school_year.first_year then 1 else 0 end) as is_built_year_possible
    from years_by_age
    cross join school_year
    cross join latest_doses
    where coalesce(years_by_age.first_year <= latest_doses.first_year, true)
),

final as (
    select
        school_year.first_year as built_year,
        case when judged.is_built_year_possible = 1 then school_year.first_year else judged.extract_year end as extract_year,
        latest_doses.first_year as latest_year_of_doses,
        cast(doses.doses as bigint) as doses,
        cast(doses.doses_since_first_day as bigint) as doses_since_first_day
    from school_year
    cross join judged
    cross join latest_doses
    cross join doses
)

select * from final
