{%- set slots = slot_count() -%}
with {{ dose_rules_and_agents() }},

gaps as (
    select * from {{ ref('int_interaction_gaps') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

schedules_planned as (
    select * from {{ ref('int_schedules_planned') }}
),

series as (
    select * from {{ ref('int_series') }}
),

next_dose_agents as (
    select * from {{ ref('int_next_dose_agents') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by student_key, antigen
            order by doses_needed asc, last_dose_date asc, criterion_number asc
        ) as place
    from schedules_planned
),

cheapest as (
    select * from ranked
    where place = 1
),

-- The same slot from whatever day: since when the dose is missing.
slots_wanted as (
    select
        open_antigens.student_key,
        open_antigens.antigen,
        open_antigens.variant,
        open_antigens.date_of_birth,
        open_antigens.latest_dose_date,
        cheapest.schedule,
        open_antigens.agent_label,
        open_antigens.is_live,
        series.first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        cheapest.next_dose_number - 1 as filled,
        cast(null as date) as not_before
    from open_antigens
    inner join cheapest
        on
            open_antigens.student_key = cheapest.student_key
            and open_antigens.antigen = cheapest.antigen
    left join series
        on
            cheapest.student_key = series.student_key
            and cheapest.antigen = series.antigen
            and cheapest.schedule = series.schedule
),

earliest_days as (
    {{ earliest_doses('slots_wanted', keys=['student_key', 'antigen']) }}
),

agents_ranked as (
    select
        open_antigens.student_key,
        open_antigens.antigen,
        next_dose_agents.agent,
        next_dose_agents.trade_name,
        {{ is_offered('cheapest.next_dose_date', 'open_antigens.date_of_birth') }} as is_offered,
        row_number() over (
            partition by open_antigens.student_key, open_antigens.antigen
            order by
                {{ is_offered('cheapest.next_dose_date', 'open_antigens.date_of_birth') }} desc,
                next_dose_agents.sort_order asc
        ) as place
    from open_antigens
    inner join cheapest
        on
            open_antigens.student_key = cheapest.student_key
            and open_antigens.antigen = cheapest.antigen
    inner join next_dose_agents
        on
            open_antigens.antigen = next_dose_agents.antigen
            and (next_dose_agents.variant is null or open_antigens.variant = next_dose_agents.variant)
),

final as (
    select
        school_year.school_year,
        open_antigens.client_id,
        open_antigens.age,
        open_antigens.antigen,
        cast({{ as_of() }} as date) as as_of,
        cheapest.criterion,
        cheapest.schedule,
        cast(cheapest.doses_needed as int) as doses_needed,
        cast(cheapest.next_dose_number as int) as dose_number,
        cheapest.next_rule_id as rule_id,
        agents_ranked.agent,
        agents_ranked.trade_name,
        coalesce(agents_ranked.is_offered, false) as is_offered,
        earliest_days.administered_date as earliest_valid_date,
        earliest_days.rule_id as earliest_rule_id,
        cheapest.next_dose_date as next_valid_date,
        coalesce(cheapest.next_dose_date <= {{ as_of() }}, false) as is_due,
        cheapest.last_dose_date as earliest_completion_date
    from open_antigens
    cross join school_year
    left join cheapest
        on
            open_antigens.student_key = cheapest.student_key
            and open_antigens.antigen = cheapest.antigen
    left join earliest_days
        on
            open_antigens.student_key = earliest_days.student_key
            and open_antigens.antigen = earliest_days.antigen
    left join agents_ranked
        on
            open_antigens.student_key = agents_ranked.student_key
            and open_antigens.antigen = agents_ranked.antigen
            and agents_ranked.place = 1
)

select * from final
