{%- set of_student =
    'partition by student_key, is_usable'
    ~ ' order by is_attended_on_attendance_date desc, school_type_priority asc, days_attended desc,'
    ~ ' effective_from desc nulls last, education_record_id asc nulls last, source_row_number asc'
-%}
{%- set all_rows = 'rows between unbounded preceding and unbounded following' -%}
with classified as (
    select
        *,
        dropped_reason is null as is_usable
    from {{ ref('int_education_records_classified') }}
),

-- Each step keeps the preferred records of the step before, or all if none is preferred. This equals sorting by the preferences
-- in order; the first one in which the top two records differ is the step that decided.
ordered as (
    select
        *,
        row_number() over ({{ of_student }}) as place,
        first_value(is_attended_on_attendance_date) over ({{ of_student }} {{ all_rows }}) as first_is_attended,
        nth_value(is_attended_on_attendance_date, 2) over ({{ of_student }} {{ all_rows }}) as second_is_attended,
        first_value(school_type_priority) over ({{ of_student }} {{ all_rows }}) as first_school_type_priority,
        nth_value(school_type_priority, 2) over ({{ of_student }} {{ all_rows }}) as second_school_type_priority,
        first_value(days_attended) over ({{ of_student }} {{ all_rows }}) as first_days_attended,
        nth_value(days_attended, 2) over ({{ of_student }} {{ all_rows }}) as second_days_attended
    from classified
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
        effective_from,
        effective_to,
        days_attended,
        school_type_priority,
        dropped_reason,
        case when is_usable then place end as record_rank,
        case
            when not is_usable then null
            when second_days_attended is null then 'single_record'
            when second_is_attended <> first_is_attended then 'attended_june_30'
            when second_school_type_priority <> first_school_type_priority then 'age_appropriate_school'
            when second_days_attended <> first_days_attended then 'longest_attendance'
            else 'tie_break'
        end as assignment_decision,
        case
            when place = 1 or not is_usable then null
            when is_attended_on_attendance_date <> first_is_attended then 'attended_june_30'
            when school_type_priority <> first_school_type_priority then 'age_appropriate_school'
            when days_attended <> first_days_attended then 'longest_attendance'
            else 'tie_break'
        end as lost_at_step
    from ordered
)

select * from final
