-- Students and diseases that were on the ISPA list of an earlier warehouse and are not any more, and why: up to date, exempt, or
-- no longer assessed here. icw compare newly_compliant --with earlier.duckdb
with now_built as (
    select * from {{ ref('ispa_compliance') }}
),

built_earlier as (
    select * from earlier.assessment.ispa_compliance
    where status = 'overdue'
),

final as (
    select
        built_earlier.phu_id,
        built_earlier.school_id,
        built_earlier.client_id,
        built_earlier.disease,
        built_earlier.as_of as listed_as_of,
        coalesce(now_built.status, 'not_assessed') as status_now
    from built_earlier
    left join now_built
        on
            built_earlier.client_id = now_built.client_id
            and built_earlier.disease = now_built.disease
    where coalesce(now_built.status <> 'overdue', true)
)

select * from final
order by phu_id, school_id, client_id, disease
