{#-
    CTEs that fill one missing slot after the other of every schedule by which a student who is not up to date could become so, each
    dose on the earliest day, until a criterion is met: wanted_1, earliest_1, given_1, met_1, plan_1 …, and `schedules_completed`, the
    schedules that come to it with the criterion that they meet and the doses that it took.

    not_before     SQL of the first day that is thought of; null, any
-#}
{% macro doses_planned(not_before) -%}
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

{{ steps_planned(not_before) }}
{%- endmacro %}

{% macro steps_planned(not_before) -%}
    {{ return(adapter.dispatch('steps_planned')(not_before)) }}
{%- endmacro %}

{% macro default__steps_planned(not_before) -%}
{%- set slots = slot_count() -%}
plan_0 as (
    select
        row_number() over (
            order by open_antigens.student_key, open_antigens.antigen, schedules_wanted.schedule
        ) as plan_number,
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
        cast(null as {{ dbt.type_string() }}) as next_rule_id,
        cast(null as int) as criterion_number
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
    where
        plans.filled < plans.most_doses
        and plans.criterion_number is null
),

earliest_{{ step }} as (
    {{ earliest_doses('wanted_' ~ step, keys=['plan_number']) }}
),

given_{{ step }} as (
    select
        plans.plan_number,
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
        on plans.plan_number = earliest.plan_number
),

-- A criterion asks nothing of a dose after the ones that it counts: with the dose that completes it, it is met or never.
met_{{ step }} as (
    select
        plans.plan_number,
        min(rules.criterion_number) as criterion_number
    from given_{{ step }} as plans
    cross join school_year
    inner join criteria as rules
        on
            plans.antigen = rules.antigen
            and plans.schedule = rules.schedule
            and plans.filled = rules.valid_doses
            and plans.age = coalesce(rules.age, plans.age)
    where {{ criterion_condition('plans.date_of_birth', series='plans') }}
    group by plans.plan_number
),

plan_{{ step }} as (
    select
        plans.*,
        met.criterion_number
    from given_{{ step }} as plans
    left join met_{{ step }} as met
        on plans.plan_number = met.plan_number
),

{%- endfor %}

schedules_completed as (
    {%- for step in range(1, slots + 1) %}
    select
        student_key,
        antigen,
        schedule,
        variant,
        age,
        criterion_number,
        {{ step }} as doses_needed,
        filled - {{ step - 1 }} as next_dose_number,
        next_dose_date,
        next_rule_id,
        {{ slot_date('filled', 'plans') }} as last_dose_date
    from plan_{{ step }} as plans
    where criterion_number is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)
{%- endmacro %}

{#-
    Spark computes a CTE again wherever it is named, so that each step names the one before it once: schedules that are completed, or
    that no day completes, are carried along. Plans and gaps lie by student: nothing is shuffled.
-#}
{% macro spark__steps_planned(not_before) -%}
{%- set slots = slot_count() -%}
{%- set previous = slot_date('doses.filled', 'doses') -%}
{%- set dates = [] -%}
{%- for slot in range(1, slots + 1) -%}
    {%- do dates.append('dose_' ~ slot ~ '_date') -%}
{%- endfor -%}
{%- set unchanged = [
    'student_key', 'antigen', 'schedule', 'age', 'date_of_birth', 'variant', 'agent_label', 'is_live', 'latest_dose_date',
    'most_doses', 'filled_before', 'not_before'
] -%}
{%- set columns = unchanged + dates + [
    'first_dose_agent_label', 'filled', 'next_dose_date', 'next_rule_id', 'criterion_number'
] -%}
state_0 as (
    select
        *,
        filled_before as filled
    from (
        select /*+ broadcast(schedules_wanted, school_year) */
            open_antigens.student_key,
            open_antigens.antigen,
            schedules_wanted.schedule,
            open_antigens.age,
            open_antigens.date_of_birth,
            open_antigens.variant,
            open_antigens.agent_label,
            open_antigens.is_live,
            open_antigens.latest_dose_date,
            schedules_wanted.most_doses,
            {%- for slot in range(1, slots + 1) %}
            {{ '+ ' if not loop.first }}case when series.dose_{{ slot }}_date is null then 0 else 1 end
            {%- endfor %} as filled_before,
            {{ not_before }} as not_before,
            {%- for date in dates %}
            series.{{ date }},
            {%- endfor %}
            series.first_dose_agent_label,
            cast(null as date) as next_dose_date,
            cast(null as string) as next_rule_id,
            cast(null as int) as criterion_number
        from open_antigens
        cross join school_year
        inner join schedules_wanted
            on
                open_antigens.antigen = schedules_wanted.antigen
                and open_antigens.age = coalesce(schedules_wanted.age, open_antigens.age)
        left join series
            on
                open_antigens.student_key = series.student_key
                and schedules_wanted.antigen = series.antigen
                and schedules_wanted.schedule = series.schedule
    )
),

{%- for step in range(1, slots + 1) %}

-- A rule is not looked for where the schedule is completed, has no dose left to give, or found no day at a step before.
bounded_{{ step }} as (
    select /*+ broadcast(rules, current_agents, first_agents) */
        doses.*,
        struct(rules.*) as rules,
        coalesce(
            (current_agents.rule_id is not null or not rules.names_current_agents)
            and (first_agents.rule_id is not null or not rules.names_first_agents),
            false
        ) as is_its_agent,
        {{ previous }} as previous_dose_date,
        greatest(
            doses.date_of_birth
            {%- for bound in earliest_dose_bounds(previous) %},
            {{ bound }}
            {%- endfor %}
        ) as earliest_date
    from state_{{ step - 1 }} as doses
    left join rules
        on
            doses.antigen = rules.antigen
            and doses.schedule = rules.schedule
            and doses.filled + 1 = rules.dose_number
            and (rules.variant is null or doses.variant = rules.variant)
            and doses.criterion_number is null
            and doses.filled < doses.most_doses
            and doses.filled = doses.filled_before + {{ step - 1 }}
            and {{ rule_condition('history', slots=slots + 1, series='doses') }}
    left join current_agents
        on
            rules.rule_id = current_agents.rule_id
            and doses.agent_label = current_agents.agent_label
    left join first_agents
        on
            rules.rule_id = first_agents.rule_id
            and doses.first_dose_agent_label = first_agents.agent_label
),

candidates_{{ step }} as (
    select
        bounded.*,
        greatest(live_gaps.preceding_date, case when bounded.is_live then bounded.previous_dose_date end) as preceding_live_date,
        polysaccharide_gaps.preceding_date as preceding_polysaccharide_date,
        least(live_gaps.next_date, polysaccharide_gaps.next_date) as clear_until,
        greatest(
            bounded.earliest_date,
            {{ add_period('live_gaps.preceding_date', 'bounded.rules.live_interval_from') }},
            {{ add_period('polysaccharide_gaps.preceding_date', 'bounded.rules.polysaccharide_interval_from') }}
        ) as administered_date
    from bounded_{{ step }} as bounded
    {%- for kind in ['live', 'polysaccharide'] %}
    left join gaps as {{ kind }}_gaps
        on
            bounded.student_key = {{ kind }}_gaps.student_key
            and bounded.antigen = {{ kind }}_gaps.antigen
            and case when bounded.rules.{{ kind }}_interval_from is not null then '{{ kind }}' end = {{ kind }}_gaps.kind
    {%- endfor %}
),

earliest_{{ step }} as (
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        min(case when
            is_its_agent
            and coalesce(administered_date > preceding_live_date, true)
            and coalesce(administered_date > preceding_polysaccharide_date, true)
            and coalesce(administered_date <= clear_until, true)
            and {{ rule_condition('age_from') }}
            and {{ rule_condition('age_before') }}
            and {{ rule_condition('window') }}
            and {{ rule_condition('live') }}
            and {{ rule_condition('polysaccharide') }}
            and {{ rule_condition('interval', previous_dose_date='doses.previous_dose_date', series='doses') }}
            then struct(administered_date, rules.rule_id as rule_id)
        end) as earliest
    from candidates_{{ step }} as doses
    group by {{ columns | join(', ') }}
),

state_{{ step }} as (
    select /*+ broadcast(rules, school_year) */
        {%- for column in columns[:-1] %}
        plans.{{ column }},
        {%- endfor %}
        coalesce(plans.criterion_number, min(rules.criterion_number)) as criterion_number
    from (
        select
            {%- for column in unchanged %}
            {{ column }},
            {%- endfor %}
            {%- for date in dates %}
            case when filled + 1 = {{ loop.index }} then coalesce(earliest.administered_date, {{ date }}) else {{ date }} end as {{ date }},
            {%- endfor %}
            case when filled = 0 and earliest is not null then agent_label else first_dose_agent_label end as first_dose_agent_label,
            case when earliest is null then filled else filled + 1 end as filled,
            {%- if step == 1 %}
            earliest.administered_date as next_dose_date,
            earliest.rule_id as next_rule_id,
            {%- else %}
            next_dose_date,
            next_rule_id,
            {%- endif %}
            criterion_number
        from earliest_{{ step }}
    ) as plans
    cross join school_year
    left join criteria as rules
        on
            plans.antigen = rules.antigen
            and plans.schedule = rules.schedule
            and plans.filled = rules.valid_doses
            and plans.filled = plans.filled_before + {{ step }}
            and plans.age = coalesce(rules.age, plans.age)
            and plans.criterion_number is null
            and {{ criterion_condition('plans.date_of_birth', series='plans') }}
    group by {% for column in columns %}plans.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
),

{%- endfor %}

plan_1 as (
    select * from state_1
    where next_dose_date is not null
),

schedules_completed as (
    select
        student_key,
        antigen,
        schedule,
        variant,
        age,
        criterion_number,
        filled - filled_before as doses_needed,
        filled_before + 1 as next_dose_number,
        next_dose_date,
        next_rule_id,
        {{ slot_date('filled', 'plans') }} as last_dose_date
    from state_{{ slots }} as plans
    where criterion_number is not null
)
{%- endmacro %}
