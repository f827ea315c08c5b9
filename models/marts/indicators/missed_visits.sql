with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

missed_visits as (
    select * from {{ ref('int_missed_visits') }}
),

counts as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        cast(coalesce(sum(missed_visits.visits_eligible), 0) as bigint) as visits_eligible,
        cast(coalesce(sum(missed_visits.visits_missed), 0) as bigint) as visits_missed,
        cast(coalesce(sum(missed_visits.students_with_eligible_visit), 0) as bigint) as students_with_eligible_visit,
        cast(coalesce(sum(missed_visits.students_missed), 0) as bigint) as students_missed,
        cast(coalesce(sum(missed_visits.students_corrected), 0) as bigint) as students_corrected
    from frame
    left join missed_visits
        on
            frame.age = missed_visits.age
            and frame.antigen = missed_visits.antigen
            and (frame.geography = 'province' or frame.phu_id = missed_visits.phu_id)
    group by frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age, frame.antigen
),

final as (
    select
        {{ build_id() }} as build_id,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        visits_eligible,
        visits_missed,
        {{ percent('visits_missed', 'visits_eligible') }} as visits_missed_percent,
        students_with_eligible_visit,
        students_missed,
        {{ percent('students_missed', 'students_with_eligible_visit') }} as students_missed_percent,
        students_corrected,
        students_missed - students_corrected as students_uncorrected,
        {{ percent('students_corrected', 'students_with_eligible_visit') }} as corrected_percent,
        {{ percent('(students_missed - students_corrected)', 'students_with_eligible_visit') }} as uncorrected_percent
    from counts
)

select * from final
