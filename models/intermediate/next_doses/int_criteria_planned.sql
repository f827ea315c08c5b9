with rules as (
    {{ dose_rules() }}
),

current_agents as (
    {{ dose_rule_agents('current') }}
),

first_agents as (
    {{ dose_rule_agents('first') }}
),

criteria as (
    {{ up_to_date_rules() }}
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

school_year as (
    select * from {{ ref('int_school_year') }}
),

{{ doses_planned(as_of()) }},

final as (
    select
        student_key,
        antigen,
        criterion,
        criterion_number,
        schedule,
        variant,
        doses_needed,
        valid_doses - doses_needed + 1 as next_dose_number,
        next_dose_date,
        next_rule_id,
        {{ slot_date('filled', 'criteria_met') }} as last_dose_date
    from criteria_met
)

select * from final
