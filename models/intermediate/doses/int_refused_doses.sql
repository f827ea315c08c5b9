-- Every refused dose, with the earliest day on which it would have counted: after the valid doses before it, and nothing else moved.
{%- set slots = slot_count() %}
with rules as (
    select * from {{ ref('int_dose_rules') }}
),

refused as (
    select * from {{ ref('int_doses_judged') }}
    where not is_valid
),

students as (
    select * from {{ ref('int_students') }}
),

doses as (
    select * from {{ ref('int_doses') }}
    where is_kept
),

antigen_agents as (
    select * from {{ ref('int_antigen_agents') }}
    where is_relevant
),

schedule_variants as (
    select * from {{ ref('int_schedule_variants') }}
),

series as (
    select * from {{ ref('int_series') }}
),

-- Waiting helps none of the other reasons: another record was kept, the schedule does not name the agent, or no slot is left.
tried as (
    select
        refused.student_key,
        refused.antigen,
        refused.schedule,
        refused.administered_date as given_date,
        refused.administered_date as not_before,
        refused.tried_dose_number,
        students.date_of_birth,
        schedule_variants.variant,
        doses.agent_label,
        antigen_agents.is_live,
        doses.preceding_live_date,
        doses.preceding_polysaccharide_date,
        case when series.dose_1_date < refused.administered_date then series.first_dose_agent_label end as first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        case when series.dose_{{ slot }}_date < refused.administered_date then series.dose_{{ slot }}_date end
            as dose_{{ slot }}_date{{ ',' if not loop.last }}
        {%- endfor %}
    from refused
    inner join students
        on refused.student_key = students.student_key
    inner join doses
        on
            refused.student_key = doses.student_key
            and refused.antigen = doses.antigen
            and refused.administered_date = doses.administered_date
    inner join antigen_agents
        on
            refused.antigen = antigen_agents.antigen
            and refused.agent = antigen_agents.agent
    left join schedule_variants
        on
            refused.student_key = schedule_variants.student_key
            and refused.antigen = schedule_variants.antigen
    left join series
        on
            refused.student_key = series.student_key
            and refused.antigen = series.antigen
            and refused.schedule = series.schedule
    where refused.reason not in ('same_day_duplicate', 'agent_not_in_schedule', 'extra_dose')
),

earliest_days as (
    select
        student_key,
        antigen,
        schedule,
        given_date,
        min(administered_date) as earliest_counted_date,
        {{ first_by('rule_id', ['administered_date', 'rule_id']) }} as counted_by_rule_id
    from (
        {{ doses_tried('rules', 'series.tried_dose_number', series='tried') | indent(8) }}
    ) as tried
    where is_met
    group by student_key, antigen, schedule, given_date
),

final as (
    select
        refused.school_year,
        refused.student_key,
        refused.client_id,
        refused.antigen,
        refused.schedule,
        refused.immunization_id,
        refused.administered_date,
        refused.agent,
        refused.reason,
        refused.rule_id,
        case
            when refused.reason not in ('same_day_duplicate', 'agent_not_in_schedule', 'extra_dose') then refused.tried_dose_number
        end as tried_dose_number,
        earliest_days.earliest_counted_date,
        earliest_days.counted_by_rule_id,
        cast(
            {{ day_number('earliest_days.earliest_counted_date') }} - {{ day_number('refused.administered_date') }} as int
        ) as days_short
    from refused
    left join earliest_days
        on
            refused.reason not in ('same_day_duplicate', 'agent_not_in_schedule', 'extra_dose')
            and refused.student_key = earliest_days.student_key
            and refused.antigen = earliest_days.antigen
            and refused.schedule = earliest_days.schedule
            and refused.administered_date = earliest_days.given_date
)

select * from final
