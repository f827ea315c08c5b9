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
        schedules_completed.student_key,
        schedules_completed.antigen,
        schedules_completed.schedule,
        schedules_completed.variant,
        criteria.rule_id as criterion,
        schedules_completed.criterion_number,
        schedules_completed.doses_needed,
        schedules_completed.next_dose_number,
        schedules_completed.next_dose_date,
        schedules_completed.next_rule_id,
        schedules_completed.last_dose_date
    from schedules_completed
    inner join criteria
        on
            schedules_completed.antigen = criteria.antigen
            and schedules_completed.criterion_number = criteria.criterion_number
            and schedules_completed.age = coalesce(criteria.age, schedules_completed.age)
)

select * from final
