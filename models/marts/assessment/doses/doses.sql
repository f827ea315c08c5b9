{%- set slots = slot_count() -%}
with {{ dose_rules_and_agents() }},

school_year as (
    select * from {{ ref('int_school_year') }}
),

students as (
    select * from {{ ref('int_students') }}
),

schedule_variants as (
    select * from {{ ref('int_schedule_variants') }}
),

statements as (
    select * from {{ ref('antigen_statements') }}
),

same_day_rules as (
    select
        statements.antigen,
        statements.rule_id
    from statements
    cross join school_year
    where
        statements.parameter = 'Multiple vaccines on the same day'
        and {{ holds_in('school_year.first_year', 'statements') }}
),

schedules as (
    select
        antigen,
        schedule,
        max(dose_number) as last_slot
    from rules
    group by antigen, schedule
),

schedule_agents as (
    select distinct
        rules.antigen,
        rules.schedule,
        coalesce(rules.variant, 'all') as variant,
        current_agents.agent_label
    from rules
    inner join current_agents
        on rules.rule_id = current_agents.rule_id
),

-- The slot that a dose was tried for is the first one still empty after the valid doses before it. Computed at both uses: kept
-- for them, the doses with their series would be the largest rows that the build holds in memory.
tried as {{ not_materialized() }} (
    select /*+ broadcast(schedules) */
        all_doses.*,
        schedules.schedule,
        schedules.last_slot,
        series.first_dose_agent_label,
        series.rule_ids,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        case
            {%- for slot in range(1, slots + 1) %}
            when series.dose_{{ slot }}_date is null or all_doses.administered_date <= series.dose_{{ slot }}_date then {{ slot }}
            {%- endfor %}
            else {{ slots + 1 }}
        end as slot
    from {{ ref('int_doses') }} as all_doses
    inner join schedules
        on all_doses.antigen = schedules.antigen
    left join {{ ref('int_series') }} as series
        on
            all_doses.student_key = series.student_key
            and schedules.antigen = series.antigen
            and schedules.schedule = series.schedule
),

judged as {{ not_materialized() }} (
    select
        tried.*,
        case
            when not tried.is_kept then 'same_day_duplicate'
            when tried.administered_date = {{ slot_date('tried.slot', 'tried') }} then 'valid'
            else 'refused'
        end as verdict
    from tried
),

-- Each refused dose beside the rules of its slot. Only the alternatives that fit the history before it can say why.
alternatives as (
    select /*+ broadcast(rules, schedule_agents, current_agents, first_agents) */
        doses.student_key,
        doses.antigen,
        doses.schedule,
        doses.administered_date,
        rules.rule_id,
        rules.names_current_agents and schedule_agents.agent_label is null as is_agent_not_in_schedule,
        case
            when
                doses.slot > doses.last_slot
                or not ({{ rule_condition('history', slots=slots + 1, series='doses') }})
                or (rules.names_first_agents and first_agents.rule_id is null)
                or (rules.names_current_agents and current_agents.rule_id is null)
                then null
            when doses.administered_date < doses.date_of_birth then 4
            when not {{ rule_condition('age_from') }} then 5
            when not {{ rule_condition('age_before') }} then 6
            when not {{ rule_condition('window') }} then 7
            when not {{ rule_condition('live') }} then 8
            when not {{ rule_condition('polysaccharide') }} then 9
            else 10
        end as reason_number
    from judged as doses
    left join schedule_variants
        on
            doses.student_key = schedule_variants.student_key
            and doses.antigen = schedule_variants.antigen
    inner join rules
        on
            doses.antigen = rules.antigen
            and doses.schedule = rules.schedule
            and least(doses.slot, doses.last_slot) = rules.dose_number
            and (rules.variant is null or schedule_variants.variant = rules.variant)
    left join schedule_agents
        on
            rules.antigen = schedule_agents.antigen
            and rules.schedule = schedule_agents.schedule
            and coalesce(rules.variant, 'all') = schedule_agents.variant
            and doses.agent_label = schedule_agents.agent_label
    left join current_agents
        on
            rules.rule_id = current_agents.rule_id
            and doses.agent_label = current_agents.agent_label
    left join first_agents
        on
            rules.rule_id = first_agents.rule_id
            and doses.first_dose_agent_label = first_agents.agent_label
    where doses.verdict = 'refused'
),

-- A day keeps one dose: student, antigen, schedule and date tell it.
refused as (
    select
        student_key,
        antigen,
        schedule,
        administered_date,
        case when bool_or(is_agent_not_in_schedule) then 2 else coalesce(min(reason_number), 3) end as reason_number,
        {{ first_by('rule_id', ['coalesce(reason_number, 99)', 'rule_id']) }} as rule_id
    from alternatives
    group by student_key, antigen, schedule, administered_date
),

final as (
    select /*+ broadcast(same_day_rules) */
        school_year.school_year,
        students.client_id,
        judged.antigen,
        judged.schedule,
        judged.immunization_id,
        judged.administered_date,
        judged.agent,
        judged.verdict = 'valid' as is_valid,
        case when judged.verdict = 'valid' then judged.slot end as dose_number,
        case
            when judged.verdict = 'same_day_duplicate' then 'same_day_duplicate'
            when refused.reason_number = 2 then 'agent_not_in_schedule'
            when refused.reason_number = 3 then 'extra_dose'
            when refused.reason_number = 4 then 'before_birth'
            when refused.reason_number = 5 then 'too_young'
            when refused.reason_number = 6 then 'too_old'
            when refused.reason_number = 7 then 'outside_window'
            when refused.reason_number = 8 then 'live_vaccine_interaction'
            when refused.reason_number = 9 then 'polysaccharide_interaction'
            when refused.reason_number = 10 then 'interval_too_short'
        end as reason,
        case judged.verdict
            when 'valid' then split_part(judged.rule_ids, ' ', judged.slot)
            when 'same_day_duplicate' then same_day_rules.rule_id
            else refused.rule_id
        end as rule_id
    from judged
    cross join school_year
    inner join students
        on judged.student_key = students.student_key
    left join same_day_rules
        on judged.antigen = same_day_rules.antigen
    left join refused
        on
            judged.student_key = refused.student_key
            and judged.antigen = refused.antigen
            and judged.schedule = refused.schedule
            and judged.administered_date = refused.administered_date
)

select * from final
