-- Students whose up-to-date status differs between two builds, and by which rule.
-- icw compare students --with earlier.duckdb
with now_built as (
    select * from {{ ref('student_antigens') }}
),

built_earlier as (
    select * from earlier.assessment.student_antigens
),

final as (
    select
        coalesce(now_built.client_id, built_earlier.client_id) as client_id,
        coalesce(now_built.antigen, built_earlier.antigen) as antigen,
        built_earlier.is_up_to_date as is_up_to_date_before,
        now_built.is_up_to_date as is_up_to_date_now,
        built_earlier.valid_doses as valid_doses_before,
        now_built.valid_doses as valid_doses_now,
        built_earlier.criterion as criterion_before,
        now_built.criterion as criterion_now
    from now_built
    full outer join built_earlier
        on
            now_built.client_id = built_earlier.client_id
            and now_built.antigen = built_earlier.antigen
    where coalesce(now_built.is_up_to_date <> built_earlier.is_up_to_date, true)
)

select * from final
order by client_id, antigen
