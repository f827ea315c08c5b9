{#-
    CTEs that fill one missing slot after the other of every schedule by which a student who is not up to date could become so, each
    dose on the earliest day, until a criterion is met: wanted_1, earliest_1, plan_1, met_1 …, and `schedules_completed`, the schedules
    that come to it with the criterion that they meet and the doses that it took. The query that calls has CTE `visits` where doses
    are given only on those days.

    not_before     SQL of the first day that is thought of; null, any
    has_visits     doses are given at recorded visits only
-#}
{% macro doses_planned(not_before, has_visits=false) -%}
{%- set slots = slot_count() -%}
{{ dose_rules_and_agents() }},

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

schedules_wanted as (
    select
        antigen,
        age,
        schedule,
        max(valid_doses) as most_doses
    from criteria
    group by antigen, age, schedule
),

plan_0 as (
    select
        open_antigens.student_key,
        open_antigens.date_of_birth,
        open_antigens.age,
        open_antigens.antigen,
        open_antigens.variant,
        open_antigens.latest_dose_date,
        open_antigens.agent_label,
        open_antigens.is_live,
        schedules_wanted.schedule,
        schedules_wanted.most_doses,
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
    inner join schedules_wanted
        on
            open_antigens.antigen = schedules_wanted.antigen
            and open_antigens.age = coalesce(schedules_wanted.age, open_antigens.age)
    left join series
        on
            open_antigens.student_key = series.student_key
            and schedules_wanted.antigen = series.antigen
            and schedules_wanted.schedule = series.schedule
),

{%- for step in range(1, slots + 1) %}

wanted_{{ step }} as (
    select
        plans.*,
        {{ not_before }} as not_before
    from plan_{{ step - 1 }} as plans
    cross join school_year
    {%- if step > 1 %}
    left join met_{{ step - 1 }} as met
        on
            plans.student_key = met.student_key
            and plans.antigen = met.antigen
            and plans.schedule = met.schedule
    {%- endif %}
    where
        plans.filled < plans.most_doses
        {%- if step > 1 %}
        and met.student_key is null
        {%- endif %}
),

earliest_{{ step }} as (
    {{ earliest_doses('wanted_' ~ step, keys=['student_key', 'antigen', 'schedule'], has_visits=has_visits) }}
),

plan_{{ step }} as (
    select
        plans.student_key,
        plans.date_of_birth,
        plans.age,
        plans.antigen,
        plans.variant,
        plans.latest_dose_date,
        plans.agent_label,
        plans.is_live,
        plans.schedule,
        plans.most_doses,
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
            and plans.antigen = earliest.antigen
            and plans.schedule = earliest.schedule
),

-- A criterion asks nothing of a dose after the ones that it counts: with the dose that completes it, it is met or never.
met_{{ step }} as (
    select
        plans.student_key,
        plans.antigen,
        plans.schedule,
        min(rules.criterion_number) as criterion_number
    from plan_{{ step }} as plans
    cross join school_year
    inner join criteria as rules
        on
            plans.antigen = rules.antigen
            and plans.schedule = rules.schedule
            and plans.filled = rules.valid_doses
            and plans.age = coalesce(rules.age, plans.age)
    where {{ criterion_condition('plans.date_of_birth', series='plans') }}
    group by plans.student_key, plans.antigen, plans.schedule
),

{%- endfor %}

schedules_completed as (
    {%- for step in range(1, slots + 1) %}
    select
        plans.student_key,
        plans.antigen,
        plans.schedule,
        plans.variant,
        plans.age,
        met.criterion_number,
        {{ step }} as doses_needed,
        plans.filled - {{ step - 1 }} as next_dose_number,
        plans.next_dose_date,
        plans.next_rule_id,
        {{ slot_date('plans.filled', 'plans') }} as last_dose_date
    from plan_{{ step }} as plans
    inner join met_{{ step }} as met
        on
            plans.student_key = met.student_key
            and plans.antigen = met.antigen
            and plans.schedule = met.schedule
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)
{%- endmacro %}
