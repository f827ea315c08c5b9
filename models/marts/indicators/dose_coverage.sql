with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

criteria as (
    {{ rules_in_force(ref('int_up_to_date_rules'), ref('int_school_year')) }}
),

students_by_dose_count as (
    select * from {{ ref('int_students_by_dose_count') }}
),

valid_doses as (
    select * from {{ ref('int_valid_doses_by_age_in_months') }}
),

students_lacking_doses as (
    select * from {{ ref('int_students_lacking_doses') }}
),

recommended_ages as (
    select * from {{ ref('int_recommended_ages') }}
),

slots as (
    select distinct
        antigen,
        dose_number
    from rules
),

doses_asked as (
    select
        frame.age,
        frame.antigen,
        min(criteria.valid_doses) as doses_asked,
        max(criteria.valid_doses) as most_doses_asked
    from frame
    inner join criteria
        on
            frame.antigen = criteria.antigen
            and (criteria.age is null or frame.age = criteria.age)
    where frame.geography = 'province'
    group by frame.age, frame.antigen
),

counts_by_phu as (
    select
        students_by_dose_count.phu_id,
        students_by_dose_count.age,
        students_by_dose_count.antigen,
        slots.dose_number,
        sum(students_by_dose_count.students) as students,
        sum(
            case when students_by_dose_count.recorded_doses >= slots.dose_number then students_by_dose_count.students else 0 end
        ) as students_recorded,
        sum(
            case when students_by_dose_count.valid_doses >= slots.dose_number then students_by_dose_count.students else 0 end
        ) as students_valid
    from students_by_dose_count
    inner join slots
        on students_by_dose_count.antigen = slots.antigen
    group by
        students_by_dose_count.phu_id, students_by_dose_count.age, students_by_dose_count.antigen, slots.dose_number
),

frame_by_dose as (
    select
        frame.*,
        slots.dose_number
    from frame
    inner join slots
        on frame.antigen = slots.antigen
),

counts as (
    {{ rolled_up(
        'counts_by_phu', units=ref('int_geography_units'), frame='frame_by_dose', by=['age', 'antigen', 'dose_number'],
        sums=['students', 'students_recorded', 'students_valid']
    ) }}
),

-- Drop-out is not defined for the first dose, nor for doses without a recommended age.
recommended_doses as (
    select distinct
        age,
        antigen,
        dose_number
    from recommended_ages
    where dose_number > 1
),

students_with_dose as (
    select
        phu_id,
        age,
        antigen,
        dose_number,
        sum(students) as students_with_dose,
        0 as students_lacking,
        0 as students_lacking_after_first
    from valid_doses
    where timing is not null
    group by phu_id, age, antigen, dose_number
),

students_without_dose as (
    select
        phu_id,
        age,
        antigen,
        dose_number,
        0 as students_with_dose,
        sum(case when valid_doses = dose_number - 1 then students else 0 end) as students_lacking,
        sum(case when valid_doses > 0 then students else 0 end) as students_lacking_after_first
    from students_lacking_doses
    group by phu_id, age, antigen, dose_number
),

eligible_by_phu as (
    select * from students_with_dose
    union all
    select * from students_without_dose
),

frame_of_dropouts as (
    select
        frame.*,
        recommended_doses.dose_number,
        recommended_doses.dose_number = 3
        and frame.is_in_dtp as is_third_dtp
    from frame
    inner join recommended_doses
        on
            frame.age = recommended_doses.age
            and frame.antigen = recommended_doses.antigen
),

eligible as (
    {{ rolled_up(
        'eligible_by_phu', units=ref('int_geography_units'), frame='frame_of_dropouts', by=['age', 'antigen', 'dose_number'],
        sums=['students_with_dose', 'students_lacking', 'students_lacking_after_first']
    ) }}
),

dropouts as (
    select
        geography,
        phu_id,
        age,
        antigen,
        dose_number,
        students_with_dose + students_lacking as students_eligible,
        students_lacking as students_dropped_out,
        case when is_third_dtp then students_with_dose + students_lacking_after_first end as students_eligible_from_first,
        case when is_third_dtp then students_lacking_after_first end as students_dropped_out_from_first
    from eligible
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
        counts.dose_number,
        counts.dose_number = doses_asked.doses_asked as is_fewest_asked,
        counts.students,
        counts.students_recorded,
        counts.students_valid,
        {{ percent('counts.students_recorded', 'counts.students') }} as crude_percent,
        {{ percent('counts.students_valid', 'counts.students') }} as valid_percent,
        dropouts.students_eligible,
        dropouts.students_dropped_out,
        {{ percent('dropouts.students_dropped_out', 'dropouts.students_eligible') }} as dropout_percent,
        dropouts.students_eligible_from_first,
        dropouts.students_dropped_out_from_first,
        {{ percent('dropouts.students_dropped_out_from_first', 'dropouts.students_eligible_from_first') }}
            as dropout_from_first_percent
    from counts
    inner join doses_asked
        on
            counts.age = doses_asked.age
            and counts.antigen = doses_asked.antigen
            and counts.dose_number <= doses_asked.most_doses_asked
    left join dropouts
        on
            counts.geography = dropouts.geography
            and coalesce(counts.phu_id, '') = coalesce(dropouts.phu_id, '')
            and counts.age = dropouts.age
            and counts.antigen = dropouts.antigen
            and counts.dose_number = dropouts.dose_number
)

select * from final
