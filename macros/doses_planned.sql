{#-
    CTEs that fill one missing slot after the other for every criterion that a student who is not up to date can still meet, each
    dose on the earliest day: wanted_1, earliest_1, plan_1 …, and `completed`, the plans that reached the criterion's number of
    doses. The query that calls has CTEs rules, current_agents, first_agents, criteria, gaps, open_antigens, series, school_year;
    and `visits` where doses are given only on those days.

    not_before     SQL of the first day that is thought of; null, any
    has_visits     doses are given at recorded visits only
-#}
{% macro doses_planned(not_before, has_visits=false) -%}
{%- set slots = slot_count() -%}
{%- set criterion_columns = [
    'criterion', 'criterion_number', 'schedule', 'valid_doses', 'reference_dose_number', 'first_dose_age_from',
    'first_dose_age_before', 'reference_dose_age_from', 'reference_dose_age_before', 'recent_dose_number', 'recent_dose_before'
] -%}
-- The criteria that the recorded doses have not ruled out: each is a plan of its own.
plan_0 as (
    select
        open_antigens.student_key,
        open_antigens.date_of_birth,
        open_antigens.antigen,
        open_antigens.variant,
        open_antigens.latest_dose_date,
        open_antigens.agent_label,
        open_antigens.is_live,
        rules.rule_id as criterion,
        {%- for column in criterion_columns[1:] %}
        rules.{{ column }},
        {%- endfor %}
        series.first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        {%- for slot in range(1, slots + 1) %}
        {{ '+ ' if not loop.first }}case when series.dose_{{ slot }}_date is null then 0 else 1 end
        {%- endfor %} as filled,
        cast(null as date) as next_dose_date,
        cast(null as {{ dbt.type_string() }}) as next_rule_id
    from open_antigens
    cross join school_year
    inner join criteria as rules
        on
            open_antigens.antigen = rules.antigen
            and (rules.age is null or open_antigens.age = rules.age)
    left join series
        on
            open_antigens.student_key = series.student_key
            and rules.antigen = series.antigen
            and rules.schedule = series.schedule
    where coalesce({{ criterion_condition('open_antigens.date_of_birth') }}, true)
),

{%- for step in range(1, slots + 1) %}

wanted_{{ step }} as (
    select
        plans.*,
        greatest(
            {{ not_before }},
            case when plans.filled = 0 then {{ add_period('plans.date_of_birth', 'plans.first_dose_age_from') }} end,
            case
                when plans.filled + 1 = plans.reference_dose_number
                    then {{ add_period('plans.date_of_birth', 'plans.reference_dose_age_from') }}
            end
        ) as not_before
    from plan_{{ step - 1 }} as plans
    cross join school_year
    where plans.filled < plans.valid_doses
),

earliest_{{ step }} as (
    {{ earliest_doses('wanted_' ~ step, keys=['student_key', 'criterion'], has_visits=has_visits) }}
),

plan_{{ step }} as (
    select
        plans.student_key,
        plans.date_of_birth,
        plans.antigen,
        plans.variant,
        plans.latest_dose_date,
        plans.agent_label,
        plans.is_live,
        {%- for column in criterion_columns %}
        plans.{{ column }},
        {%- endfor %}
        case when plans.filled = 0 then plans.agent_label else plans.first_dose_agent_label end as first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        case when plans.filled + 1 = {{ slot }} then earliest.administered_date else plans.dose_{{ slot }}_date end
            as dose_{{ slot }}_date,
        {%- endfor %}
        plans.filled + 1 as filled,
        {%- if step == 1 %}
        earliest.administered_date as next_dose_date,
        earliest.rule_id as next_rule_id
        {%- else %}
        plans.next_dose_date,
        plans.next_rule_id
        {%- endif %}
    from wanted_{{ step }} as plans
    inner join earliest_{{ step }} as earliest
        on
            plans.student_key = earliest.student_key
            and plans.criterion = earliest.criterion
),

{%- endfor %}

completed as (
    {%- for step in range(1, slots + 1) %}
    select
        {{ step }} as doses_needed,
        plan_{{ step }}.*
    from plan_{{ step }}
    where filled = valid_doses
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- Who meets the criterion with those doses.
criteria_met as (
    select rules.*
    from completed as rules
    cross join school_year
    where {{ criterion_condition('rules.date_of_birth', series='rules') }}
)
{%- endmacro %}
