with coverage as (
    select * from {{ ref('coverage') }}
    where {{ is_of_this_build() }}
),

next_dose_agents as (
    select * from {{ ref('int_next_dose_agents') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

students_by_doses_needed as (
    select * from {{ ref('int_students_by_doses_needed') }}
),

-- Offered to at least part of the cohort on the assessment date: the oldest are born on 1 January, the youngest on 31 December.
offered as (
    select distinct
        coverage.age,
        coverage.antigen
    from coverage
    cross join school_year
    inner join next_dose_agents
        on coverage.antigen = next_dose_agents.antigen
    where
        coverage.geography = 'province'
        and {{ add_period('make_date(school_year.first_year - coverage.age, 1, 1)', 'next_dose_agents.offered_from') }}
        <= school_year.assessment_date
        and coalesce(
            {{ add_period('make_date(school_year.first_year - coverage.age, 12, 31)', 'next_dose_agents.offered_before') }}
            > school_year.assessment_date,
            true
        )
),

counts_by_phu as (
    select
        phu_id,
        age,
        antigen,
        sum(case when doses_needed = 1 then students else 0 end) as students_needing_1,
        sum(case when doses_needed = 2 then students else 0 end) as students_needing_2,
        sum(case when doses_needed >= 3 then students else 0 end) as students_needing_3_or_more
    from students_by_doses_needed
    group by phu_id, age, antigen
),

counts as (
    {{ rolled_up(
        'counts_by_phu', units=ref('int_geography_units'), frame='coverage', by=['age', 'antigen'],
        sums=['students_needing_1', 'students_needing_2', 'students_needing_3_or_more']
    ) }}
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        counts.school_year,
        counts.geography,
        counts.phu_id,
        counts.phu_name,
        counts.age,
        counts.antigen,
        counts.students,
        counts.students_needing_1,
        counts.students_needing_2,
        counts.students_needing_3_or_more,
        {{ percent('counts.students_needing_1', 'counts.students') }} as needing_1_percent,
        {{ percent('counts.students_needing_2', 'counts.students') }} as needing_2_percent,
        {{ percent('counts.students_needing_3_or_more', 'counts.students') }} as needing_3_or_more_percent,
        offered.antigen is not null as is_product_offered
    from counts
    left join offered
        on
            counts.age = offered.age
            and counts.antigen = offered.antigen
)

select * from final
