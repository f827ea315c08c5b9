with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

rules as (
    {{ dose_rules() }}
),

criteria as (
    {{ up_to_date_rules() }}
),

students_by_dose_count as (
    select * from {{ ref('int_students_by_dose_count') }}
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

counts as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        slots.dose_number,
        cast(coalesce(sum(counts_by_phu.students), 0) as bigint) as students,
        cast(coalesce(sum(counts_by_phu.students_recorded), 0) as bigint) as students_recorded,
        cast(coalesce(sum(counts_by_phu.students_valid), 0) as bigint) as students_valid
    from frame
    inner join slots
        on frame.antigen = slots.antigen
    left join counts_by_phu
        on
            frame.age = counts_by_phu.age
            and frame.antigen = counts_by_phu.antigen
            and slots.dose_number = counts_by_phu.dose_number
            and (frame.geography = 'province' or frame.phu_id = counts_by_phu.phu_id)
    group by
        frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age, frame.antigen, slots.dose_number
),

with_previous as (
    select
        *,
        lag(students_valid) over (partition by geography, phu_id, age, antigen order by dose_number) as students_valid_before
    from counts
),

final as (
    select
        {{ build_id() }} as build_id,
        with_previous.school_year,
        with_previous.geography,
        with_previous.phu_id,
        with_previous.phu_name,
        with_previous.age,
        with_previous.antigen,
        with_previous.dose_number,
        with_previous.dose_number = doses_asked.doses_asked as is_fewest_asked,
        with_previous.students,
        with_previous.students_recorded,
        with_previous.students_valid,
        {{ percent('with_previous.students_recorded', 'with_previous.students') }} as crude_percent,
        {{ percent('with_previous.students_valid', 'with_previous.students') }} as valid_percent,
        {{ percent(
            '(with_previous.students_valid_before - with_previous.students_valid)', 'with_previous.students_valid_before'
        ) }} as dropout_percent
    from with_previous
    inner join doses_asked
        on
            with_previous.age = doses_asked.age
            and with_previous.antigen = doses_asked.antigen
            and with_previous.dose_number <= doses_asked.most_doses_asked
)

select * from final
