with classified as (
    select * from {{ ref('int_education_records_classified') }}
),

ranked as (
    select * from {{ ref('int_education_records_ranked') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_year.school_year,
        classified.client_id,
        classified.age,
        classified.education_record_id,
        classified.school_id,
        classified.phu_id,
        classified.phu_name,
        classified.effective_from,
        classified.effective_to,
        classified.days_attended,
        classified.school_type_priority,
        classified.dropped_reason,
        coalesce(ranked.record_rank = 1, false) as is_assigned,
        ranked.lost_at_step
    from classified
    cross join school_year
    left join ranked
        on
            classified.student_key = ranked.student_key
            and classified.education_record_id = ranked.education_record_id
)

select * from final
