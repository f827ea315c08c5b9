{%- set slots = slot_count() -%}
with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

gaps as (
    select * from {{ ref('int_interaction_gaps') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

series as (
    select * from {{ ref('int_series') }}
),

students as (
    select * from {{ ref('int_students') }}
),

recommended_days as (
    select * from {{ ref('int_recommended_days') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

recommended_schedules as (
    select distinct
        date_of_birth,
        antigen,
        schedule
    from recommended_days
),

slots_wanted as (
    select
        open_antigens.student_key,
        open_antigens.antigen,
        open_antigens.date_of_birth,
        open_antigens.age,
        open_antigens.variant,
        open_antigens.agent_label,
        open_antigens.is_live,
        recommended_schedules.schedule,
        series.first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        {{ slots_counted('series') }} as filled,
        school_year.assessment_date,
        greatest(
            {{ add_period('open_antigens.latest_dose_date', "cast('1 day' as interval)") }}, school_year.assessment_date
        ) as not_before
    from open_antigens
    cross join school_year
    inner join recommended_schedules
        on
            open_antigens.date_of_birth = recommended_schedules.date_of_birth
            and open_antigens.antigen = recommended_schedules.antigen
    left join series
        on
            open_antigens.student_key = series.student_key
            and recommended_schedules.antigen = series.antigen
            and recommended_schedules.schedule = series.schedule
),

earliest_days as (
    select
        student_key,
        antigen,
        schedule,
        min(administered_date) as administered_date
    from (
        {{ doses_tried('rules', 'series.filled + 1', series='slots_wanted', gaps='gaps') | indent(8) }}
    ) as tried
    where is_met
    group by student_key, antigen, schedule
),

-- On the assessment date the next dose could count: who cannot be given one that day has not dropped out.
final as (
    select
        students.phu_id,
        slots_wanted.age,
        slots_wanted.antigen,
        slots_wanted.schedule,
        slots_wanted.filled as valid_doses,
        recommended_days.dose_number,
        count(*) as students
    from slots_wanted
    inner join earliest_days
        on
            slots_wanted.student_key = earliest_days.student_key
            and slots_wanted.antigen = earliest_days.antigen
            and slots_wanted.schedule = earliest_days.schedule
            and slots_wanted.assessment_date = earliest_days.administered_date
    inner join recommended_days
        on
            slots_wanted.date_of_birth = recommended_days.date_of_birth
            and slots_wanted.antigen = recommended_days.antigen
            and slots_wanted.schedule = recommended_days.schedule
            and slots_wanted.filled < recommended_days.dose_number
            and slots_wanted.assessment_date >= recommended_days.day_from
    inner join students
        on slots_wanted.student_key = students.student_key
    group by
        students.phu_id, slots_wanted.age, slots_wanted.antigen, slots_wanted.schedule, slots_wanted.filled,
        recommended_days.dose_number
)

select * from final
