with coverage as (
    select * from {{ ref('coverage') }}
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

-- Offered to somebody of the cohort on the assessment date: its oldest are born on 1 January, its youngest on 31 December.
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

counts as (
    select
        coverage.school_year,
        coverage.geography,
        coverage.phu_id,
        coverage.phu_name,
        coverage.age,
        coverage.antigen,
        coverage.students,
        cast(sum(
            case when students_by_doses_needed.doses_needed = 1 then students_by_doses_needed.students else 0 end
        ) as bigint) as students_needing_1,
        cast(sum(
            case when students_by_doses_needed.doses_needed = 2 then students_by_doses_needed.students else 0 end
        ) as bigint) as students_needing_2,
        cast(sum(
            case when students_by_doses_needed.doses_needed >= 3 then students_by_doses_needed.students else 0 end
        ) as bigint) as students_needing_3_or_more
    from coverage
    left join students_by_doses_needed
        on
            coverage.age = students_by_doses_needed.age
            and coverage.antigen = students_by_doses_needed.antigen
            and (coverage.geography = 'province' or coverage.phu_id = students_by_doses_needed.phu_id)
    group by
        coverage.school_year, coverage.geography, coverage.phu_id, coverage.phu_name, coverage.age, coverage.antigen,
        coverage.students
),

final as (
    select
        {{ build_id() }} as build_id,
        counts.*,
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
