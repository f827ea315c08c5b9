with usable as (
    select *
    from {{ ref('int_education_records_classified') }}
    where dropped_reason is null
),

-- Each step looks at the records that the step before left, and lets all of them pass where none has what it prefers.
step_1 as (
    select
        *,
        is_attended_on_attendance_date
        = bool_or(is_attended_on_attendance_date) over (partition by student_key) as passes_step_1
    from usable
),

step_2 as (
    select
        *,
        passes_step_1
        and school_type_priority
        = min(case when passes_step_1 then school_type_priority end) over (partition by student_key) as passes_step_2
    from step_1
),

step_3 as (
    select
        *,
        passes_step_2
        and days_attended
        = max(case when passes_step_2 then days_attended end) over (partition by student_key) as passes_step_3
    from step_2
),

counted as (
    select
        *,
        count(*) over (partition by student_key) as records,
        sum(case when passes_step_1 then 1 else 0 end) over (partition by student_key) as records_after_step_1,
        sum(case when passes_step_2 then 1 else 0 end) over (partition by student_key) as records_after_step_2,
        sum(case when passes_step_3 then 1 else 0 end) over (partition by student_key) as records_after_step_3,
        row_number() over (
            partition by student_key
            order by
                case when passes_step_3 then 0 else 1 end asc,
                effective_from desc nulls last,
                education_record_id asc nulls last
        ) as record_rank
    from step_3
),

final as (
    select
        education_record_id,
        student_key,
        client_id,
        age,
        school_id,
        phu_id,
        phu_name,
        record_rank,
        case
            when records = 1 then 'single_record'
            when records_after_step_1 = 1 then 'attended_june_30'
            when records_after_step_2 = 1 then 'age_appropriate_school'
            when records_after_step_3 = 1 then 'longest_attendance'
            else 'tie_break'
        end as assignment_decision,
        case
            when record_rank = 1 then null
            when not passes_step_1 then 'attended_june_30'
            when not passes_step_2 then 'age_appropriate_school'
            when not passes_step_3 then 'longest_attendance'
            else 'tie_break'
        end as lost_at_step
    from counted
)

select * from final
