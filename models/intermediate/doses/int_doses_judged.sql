{#- Jinja loops: the linter reports their lines as badly indented.
-- sqlfluff:exclude_rules:layout.indent
-#}
{%- set slots = slot_count() -%}
with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

students as (
    select * from {{ ref('int_students') }}
),

doses as (
    select * from {{ ref('int_doses') }}
),

series as (
    select * from {{ ref('int_series') }}
),

schedule_variants as (
    select * from {{ ref('int_schedule_variants') }}
),

statements as (
    select * from {{ ref('antigen_statements') }}
),

reasons as (
    select * from {{ ref('refusal_reasons') }}
),

same_day_rules as (
    select
        statements.antigen,
        statements.rule_id
    from statements
    cross join school_year
    where
        statements.parameter = 'Multiple vaccines on the same day'
        and {{ holds_in(definitions_year(), 'statements') }}
),

schedules as (
    select distinct
        antigen,
        schedule,
        last_slot
    from rules
),

-- A dose is assessed for the first slot that the valid doses before it left empty.
tried as (
    select /*+ broadcast(schedules) */
        doses.*,
        schedules.schedule,
        schedules.last_slot,
        series.first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        case
            {%- for slot in range(1, slots + 1) %}
            when series.dose_{{ slot }}_date is null or doses.administered_date <= series.dose_{{ slot }}_date then {{ slot }}
            {%- endfor %}
            else {{ slots + 1 }}
        end as slot,
        case doses.administered_date
            {%- for slot in range(1, slots + 1) %}
            when series.dose_{{ slot }}_date then series.dose_{{ slot }}_rule_id
            {%- endfor %}
        end as valid_rule_id
    from doses
    inner join schedules
        on doses.antigen = schedules.antigen
    left join series
        on
            doses.student_key = series.student_key
            and schedules.antigen = series.antigen
            and schedules.schedule = series.schedule
),

judged as (
    select
        tried.*,
        case
            when not tried.is_kept then 'same_day_duplicate'
            when tried.valid_rule_id is not null then 'valid'
            else 'refused'
        end as verdict
    from tried
),

refused as (
    select
        judged.*,
        {{ slot_date('judged.slot - 1', 'judged') }} as previous_dose_date
    from judged
    where judged.verdict = 'refused'
),

-- Each refused dose with the rules of its slot. Only alternatives that fit the earlier doses can give the reason.
alternatives as (
    select /*+ broadcast(rules) */
        doses.student_key,
        doses.antigen,
        doses.schedule,
        doses.administered_date,
        rules.rule_id,
        case
            when rules.current_agents is not null and not array_contains(rules.schedule_agents, doses.agent_label)
                then 'agent_not_in_schedule'
            when doses.slot > doses.last_slot or not ({{ rule_fits(series='doses', variant='schedule_variants.variant') }})
                then null
            {%- for condition in rule_conditions() if condition.reason %}
            when not {{ conditions_met([condition]) }} then '{{ condition.reason }}'
            {%- endfor %}
        end as reason
    from refused as doses
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
),

refused_for as (
    select
        alternatives.student_key,
        alternatives.antigen,
        alternatives.schedule,
        alternatives.administered_date,
        {{ first_by('reasons.reason', ['coalesce(reasons.sort_order, 99)']) }} as reason,
        {{ first_by('alternatives.rule_id', ['coalesce(reasons.sort_order, 99)', 'alternatives.rule_id']) }} as rule_id
    from alternatives
    left join reasons
        on alternatives.reason = reasons.reason
    group by
        alternatives.student_key, alternatives.antigen, alternatives.schedule, alternatives.administered_date
),

-- One dose per day is kept, so student, antigen, schedule and date identify it.
final as (
    select /*+ broadcast(same_day_rules) */
        school_year.school_year,
        judged.student_key,
        students.client_id,
        judged.antigen,
        judged.schedule,
        judged.immunization_id,
        judged.administered_date,
        judged.agent,
        judged.slot as tried_dose_number,
        judged.verdict = 'valid' as is_valid,
        case when judged.verdict = 'valid' then judged.slot end as dose_number,
        case judged.verdict
            when 'same_day_duplicate' then 'same_day_duplicate'
            when 'refused' then coalesce(refused_for.reason, 'extra_dose')
        end as reason,
        case judged.verdict
            when 'valid' then judged.valid_rule_id
            when 'same_day_duplicate' then same_day_rules.rule_id
            else refused_for.rule_id
        end as rule_id
    from judged
    cross join school_year
    inner join students
        on judged.student_key = students.student_key
    left join same_day_rules
        on judged.antigen = same_day_rules.antigen
    left join refused_for
        on
            judged.verdict = 'refused'
            and judged.student_key = refused_for.student_key
            and judged.antigen = refused_for.antigen
            and judged.schedule = refused_for.schedule
            and judged.administered_date = refused_for.administered_date
)

select * from final
