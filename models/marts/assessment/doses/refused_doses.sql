{{ config(materialized='view') }}

with {{ dose_rules_and_agents() }},

refused as (
    select * from {{ ref('doses') }}
    where not is_valid
),

{{ refused_doses_tried() }},

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
        cast(tried.filled + 1 as int) as tried_dose_number,
        earliest_days.administered_date as earliest_counted_date,
        earliest_days.rule_id as counted_by_rule_id,
        cast(
            {{ day_number('earliest_days.administered_date') }} - {{ day_number('refused.administered_date') }} as int
        ) as days_short
    from refused
    left join tried
        on
            refused.client_id = tried.client_id
            and refused.antigen = tried.antigen
            and refused.schedule = tried.schedule
            and refused.administered_date = tried.given_date
            and refused.reason = tried.reason
    left join earliest_days
        on
            tried.client_id = earliest_days.client_id
            and tried.antigen = earliest_days.antigen
            and tried.schedule = earliest_days.schedule
            and tried.given_date = earliest_days.given_date
)

select * from final
