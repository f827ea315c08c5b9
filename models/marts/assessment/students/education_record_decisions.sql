with records as (
    select * from {{ ref('int_education_records_ranked') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_year.school_year,
        records.client_id,
        records.age,
        records.education_record_id,
        records.school_id,
        records.phu_id,
        records.phu_name,
        records.effective_from,
        records.effective_to,
        records.days_attended,
        records.school_type_priority,
        records.dropped_reason,
        coalesce(records.record_rank = 1, false) as is_assigned,
        records.lost_at_step
    from records
    cross join school_year
)

select * from final
