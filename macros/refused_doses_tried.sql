{#-
    CTEs that say of the rows of CTE `refused` (rows of assessment.doses) when they would have counted: `tried` and `earliest_days`.
    The query that calls has CTEs refused, rules, current_agents, first_agents.
-#}
{% macro refused_doses_tried() -%}
{%- set slots = slot_count() -%}
students as (
    select * from {{ ref('int_students') }}
),

all_doses as (
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

-- Other reasons have no day that mends them: another record was kept, the agent is none of the schedule's, no slot is left. A day
-- keeps one dose: its date tells it, an id may be missing.
tried as (
    select
        refused.school_year,
        refused.client_id,
        students.student_key,
        students.date_of_birth,
        refused.antigen,
        refused.schedule,
        refused.administered_date as given_date,
        refused.reason,
        schedule_variants.variant,
        all_doses.agent_label,
        antigen_agents.is_live,
        all_doses.preceding_live_date,
        all_doses.preceding_polysaccharide_date,
        case when series.dose_1_date < refused.administered_date then series.first_dose_agent_label end as first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        case when series.dose_{{ slot }}_date < refused.administered_date then series.dose_{{ slot }}_date end
            as dose_{{ slot }}_date,
        {%- endfor %}
        {%- for slot in range(1, slots + 1) %}
        {{ '+ ' if not loop.first }}case when series.dose_{{ slot }}_date < refused.administered_date then 1 else 0 end
        {%- endfor %} as filled,
        cast(null as date) as latest_dose_date,
        refused.administered_date as not_before
    from refused
    inner join students
        on refused.client_id = students.client_id
    inner join all_doses
        on
            students.student_key = all_doses.student_key
            and refused.antigen = all_doses.antigen
            and refused.administered_date = all_doses.administered_date
    inner join antigen_agents
        on
            refused.antigen = antigen_agents.antigen
            and refused.agent = antigen_agents.agent
    left join schedule_variants
        on
            students.student_key = schedule_variants.student_key
            and refused.antigen = schedule_variants.antigen
    left join series
        on
            students.student_key = series.student_key
            and refused.antigen = series.antigen
            and refused.schedule = series.schedule
    where refused.reason not in ('same_day_duplicate', 'agent_not_in_schedule', 'extra_dose')
),

earliest_days as (
    {{ earliest_doses('tried', keys=['client_id', 'antigen', 'schedule', 'given_date'], has_gaps=false) }}
)
{%- endmacro %}
