{#- Unrolled slots: the linter takes their lines for badly indented.
-- sqlfluff:exclude_rules:layout.indent
-#}
-- The earliest day on which a refused dose would have counted: after the valid doses before it, and nothing else moved. Waiting
-- helps none of the other reasons: another record was kept, the schedule does not name the agent, or no slot is left.
{%- set slots = slot_count() %}
with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

refused as (
    select * from {{ ref('int_doses_judged') }}
    where
        not is_valid
        and reason not in ('same_day_duplicate', 'agent_not_in_schedule', 'extra_dose')
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

tried as (
    select
        refused.student_key,
        refused.antigen,
        refused.schedule,
        refused.administered_date as given_date,
        refused.administered_date as not_before,
        refused.reason,
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
),

earliest_days as (
    select
        student_key,
        antigen,
        schedule,
        given_date as administered_date,
        reason,
        tried_dose_number,
        min(administered_date) filter (where is_met) as earliest_counted_date,
        {{ first_by('rule_id', ['administered_date', 'rule_id']) }} filter (where is_met) as counted_by_rule_id
    from (
        {{ doses_tried('rules', 'series.tried_dose_number', series='tried') | indent(8) }}
    ) as tried
    group by student_key, antigen, schedule, given_date, reason, tried_dose_number
),

final as (
    select
        *,
        cast({{ day_number('earliest_counted_date') }} - {{ day_number('administered_date') }} as int) as days_short
    from earliest_days
)

select * from final
