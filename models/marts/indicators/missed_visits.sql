with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

missed_visits as (
    select * from {{ ref('int_missed_visits') }}
),

counts as (
    {{ rolled_up(
        'missed_visits', units=ref('int_geography_units'), frame='frame', by=['age', 'antigen'],
        sums=['visits_eligible', 'visits_missed', 'students_with_eligible_visit', 'students_missed', 'students_corrected']
    ) }}
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
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
