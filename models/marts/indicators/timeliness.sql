with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

coverage as (
    select * from {{ ref('coverage') }}
    where {{ is_of_this_build() }}
),

-- No row for a cohort with two programmes, nor for a dose that can still be on time.
recommended_ages as (
    select * from {{ ref('int_recommended_ages') }}
    where
        is_for_whole_cohort
        and is_past_for_all
),

valid_doses as (
    select * from {{ ref('int_valid_doses_by_age_in_months') }}
),

counts_by_phu as (
    select
        phu_id,
        age,
        antigen,
        schedule,
        dose_number,
        sum(case when timing = 'early' then students else 0 end) as students_early,
        sum(case when timing = 'timely' then students else 0 end) as students_timely,
        sum(case when timing = 'late' then students else 0 end) as students_late
    from valid_doses
    group by phu_id, age, antigen, schedule, dose_number
),

frame_by_dose as (
    select
        frame.*,
        recommended_ages.schedule,
        recommended_ages.dose_number,
        recommended_ages.recommended_at
    from frame
    inner join recommended_ages
        on
            frame.age = recommended_ages.age
            and frame.antigen = recommended_ages.antigen
),

counts as (
    {{ rolled_up(
        'counts_by_phu', units=ref('int_geography_units'), frame='frame_by_dose',
        by=['age', 'antigen', 'schedule', 'dose_number'], sums=['students_early', 'students_timely', 'students_late']
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
        counts.schedule,
        counts.dose_number,
        counts.recommended_at,
        coverage.students,
        counts.students_early,
        counts.students_timely,
        counts.students_late,
        coverage.students - counts.students_early - counts.students_timely - counts.students_late as students_without_dose,
        {{ percent('counts.students_timely', 'coverage.students') }} as timely_percent,
        {{ percent('(counts.students_early + counts.students_timely)', 'coverage.students') }} as by_recommended_age_percent
    from counts
    inner join coverage
        on
            counts.geography = coverage.geography
            and coalesce(counts.phu_id, '') = coalesce(coverage.phu_id, '')
            and counts.age = coverage.age
            and counts.antigen = coverage.antigen
)

select * from final
