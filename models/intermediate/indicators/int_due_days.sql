{#- Jinja loops: the linter reports their lines as badly indented.
-- sqlfluff:exclude_rules:layout.indent
-#}
{%- set slots = slot_count() -%}
with recommended_days as (
    select * from {{ ref('int_recommended_days') }}
),

next_dose_agents as (
    select * from {{ ref('int_next_dose_agents') }}
),

numbered as (
    select
        *,
        max(dose_number) over (partition by date_of_birth, antigen) as last_dose_number
    from recommended_days
),

-- Doses beyond recommended_ages are due at the age of its last dose.
due_days as (
    select
        date_of_birth,
        antigen,
        {%- for slot in range(1, slots + 1) %}
        coalesce(
            min(case when dose_number = {{ slot }} then day_from end),
            min(case when dose_number = last_dose_number then day_from end)
        ) as due_{{ slot }}_date{{ ',' if not loop.last }}
        {%- endfor %}
    from numbered
    group by date_of_birth, antigen
),

offers as (
    select distinct
        due_days.date_of_birth,
        due_days.antigen,
        {{ add_period('due_days.date_of_birth', 'next_dose_agents.offered_from') }} as offered_from,
        coalesce(
            {{ add_period('due_days.date_of_birth', 'next_dose_agents.offered_before') }}, cast('9999-12-31' as date)
        ) as offered_before
    from due_days
    inner join next_dose_agents
        on due_days.antigen = next_dose_agents.antigen
),

-- Offers of agents that follow each other without a gap are merged into one period.
compared as (
    select
        *,
        max(offered_before) over (
            partition by date_of_birth, antigen
            order by offered_from, offered_before
            rows between unbounded preceding and 1 preceding
        ) as offered_before_so_far
    from offers
),

times as (
    select
        *,
        sum(case when offered_from <= offered_before_so_far then 0 else 1 end) over (
            partition by date_of_birth, antigen
            order by offered_from, offered_before
            rows between unbounded preceding and current row
        ) as time_number
    from compared
),

times_offered as (
    select
        date_of_birth,
        antigen,
        min(offered_from) as offered_from,
        max(offered_before) as offered_before
    from times
    group by date_of_birth, antigen, time_number
),

final as (
    select
        due_days.*,
        times_offered.offered_from,
        times_offered.offered_before
    from due_days
    inner join times_offered
        on
            due_days.date_of_birth = times_offered.date_of_birth
            and due_days.antigen = times_offered.antigen
)

select * from final
