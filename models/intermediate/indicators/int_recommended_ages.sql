with recommended_ages as (
    select * from {{ ref('recommended_ages') }}
),

assessed_antigens as (
    select * from {{ ref('assessed_antigens') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

cohorts as (
    select distinct
        assessed_antigens.age,
        assessed_antigens.antigen,
        school_year.assessment_date,
        make_date(school_year.first_year - assessed_antigens.age, 1, 1) as first_birth,
        make_date(school_year.first_year - assessed_antigens.age, 12, 31) as last_birth
    from assessed_antigens
    cross join school_year
    where {{ holds_in(definitions_year(), 'assessed_antigens') }}
),

final as (
    select
        cohorts.age,
        recommended_ages.antigen,
        recommended_ages.schedule,
        recommended_ages.dose_number,
        recommended_ages.recommended_at,
        coalesce(recommended_ages.born_from <= cohorts.first_birth, true)
        and coalesce(recommended_ages.born_before > cohorts.last_birth, true) as is_for_whole_cohort,
        {{ day_of_age('cohorts.last_birth', 'recommended_ages.age_before') }} <= cohorts.assessment_date as is_past_for_all
    from cohorts
    inner join recommended_ages
        on
            cohorts.antigen = recommended_ages.antigen
            and coalesce(cohorts.last_birth >= recommended_ages.born_from, true)
            and coalesce(cohorts.first_birth < recommended_ages.born_before, true)
)

select * from final
