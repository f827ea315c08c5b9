-- Doses whose verdict differs between two builds: what a changed rule did, dose by dose.
-- COMPARE_WITH=earlier.duckdb .venv/bin/dbt show --select changed_doses --limit 20
with now_built as (
    select * from {{ ref('doses') }}
),

built_earlier as (
    select * from earlier.assessment.doses
),

final as (
    select
        now_built.client_id,
        now_built.antigen,
        now_built.schedule,
        now_built.immunization_id,
        now_built.administered_date,
        built_earlier.dose_number as dose_number_before,
        now_built.dose_number as dose_number_now,
        built_earlier.reason as reason_before,
        now_built.reason as reason_now,
        built_earlier.rule_id as rule_before,
        now_built.rule_id as rule_now
    from now_built
    inner join built_earlier
        on
            now_built.client_id = built_earlier.client_id
            and now_built.antigen = built_earlier.antigen
            and now_built.schedule = built_earlier.schedule
            and now_built.immunization_id = built_earlier.immunization_id
    where
        coalesce(now_built.dose_number, 0) <> coalesce(built_earlier.dose_number, 0)
        or coalesce(now_built.reason, '') <> coalesce(built_earlier.reason, '')
)

select * from final
