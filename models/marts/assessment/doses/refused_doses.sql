{{ config(materialized='view') }}

with refused as (
    select * from {{ ref('int_doses_judged') }}
    where not is_valid
),

days as (
    select * from {{ ref('int_refused_doses') }}
),

final as (
    select
        refused.school_year,
        refused.client_id,
        refused.antigen,
        refused.schedule,
        refused.immunization_id,
        refused.administered_date,
        refused.agent,
        refused.reason,
        refused.rule_id,
        days.tried_dose_number,
        days.earliest_counted_date,
        days.counted_by_rule_id,
        days.days_short
    from refused
    left join days
        on
            refused.student_key = days.student_key
            and refused.antigen = days.antigen
            and refused.schedule = days.schedule
            and refused.administered_date = days.administered_date
            and refused.reason = days.reason
)

select * from final
