{#-
    CTEs slot_1 … and `refilled`: the slots of every schedule filled anew from CTE `doses` (student_key, antigen, variant, date_of_birth,
    agent_label, administered_date, preceding_live_date, preceding_polysaccharide_date), one row per student, antigen and schedule with a
    valid dose. The query that calls has CTEs rules, current_agents, first_agents.

    grace_days  as in rule_condition
    has_visits  `doses` has also visits at which a dose could be given: is_recorded is false, and a dose of each number is due from
                due_1_date … on

    A series whose slot stays empty is carried along: each slot is named once, as Spark computes it anew each time.
-#}
{% macro slots_refilled(grace_days=0, has_visits=false) -%}
{%- set slots = slot_count() -%}
{%- for slot in range(1, slots + 1) %}
{%- set previous = 'series.dose_' ~ (slot - 1) ~ '_date' %}

slot_{{ slot }} as (
    select
        {{ 'doses' if slot == 1 else 'series' }}.student_key,
        {{ 'doses' if slot == 1 else 'series' }}.antigen,
        {{ 'rules' if slot == 1 else 'series' }}.schedule,
        {%- if slot == 1 %}
        {{ first_by('doses.agent_label', ['doses.administered_date', 'rules.rule_id']) }} as first_dose_agent_label,
        min(doses.administered_date) as dose_1_date
        {%- else %}
        min(series.first_dose_agent_label) as first_dose_agent_label,
        {%- for earlier in range(1, slot) %}
        min(series.dose_{{ earlier }}_date) as dose_{{ earlier }}_date,
        {%- endfor %}
        min(case
            when
                rules.rule_id is not null
                and (current_agents.rule_id is not null or not rules.names_current_agents)
                and (first_agents.rule_id is not null or not rules.names_first_agents)
                then doses.administered_date
        end) as dose_{{ slot }}_date
        {%- endif %}
    {%- if slot == 1 %}
    from doses
    inner join rules
    {%- else %}
    from slot_{{ slot - 1 }} as series
    left join doses
        on
            series.student_key = doses.student_key
            and series.antigen = doses.antigen
            and {{ previous }} < doses.administered_date
    left join rules
    {%- endif %}
        on
            doses.antigen = rules.antigen
            and rules.dose_number = {{ slot }}
            and (rules.variant is null or doses.variant = rules.variant)
            and {{ rule_condition('age_from', grace_days=grace_days) }}
            and {{ rule_condition('age_before') }}
            and {{ rule_condition('window') }}
            and {{ rule_condition('live') }}
            and {{ rule_condition('polysaccharide') }}
            {%- if has_visits %}
            and (doses.is_recorded or doses.administered_date >= doses.due_{{ slot }}_date)
            {%- endif %}
            {%- if slot > 1 %}
            and series.schedule = rules.schedule
            and {{ rule_condition('history', slots=slot, grace_days=grace_days) }}
            and {{ rule_condition('interval', previous_dose_date=previous, grace_days=grace_days) }}
            {%- if has_visits %}
            -- Where live doses keep a distance, the dose that was given before is one of them.
            and (
                rules.live_interval_from is null
                or doses.administered_date >= {{ add_period(previous, 'rules.live_interval_from') }}
            )
            {%- endif %}
            {%- endif %}
    left join current_agents
        on
            rules.rule_id = current_agents.rule_id
            and doses.agent_label = current_agents.agent_label
    {%- if slot == 1 %}
    where current_agents.rule_id is not null or not rules.names_current_agents
    {%- else %}
    left join first_agents
        on
            rules.rule_id = first_agents.rule_id
            and series.first_dose_agent_label = first_agents.agent_label
    {%- endif %}
    group by 1, 2, 3
),

{%- endfor %}

refilled as (
    select
        *,
        {%- for slot in range(1, slots + 1) %}
        {{ '+ ' if not loop.first }}case when dose_{{ slot }}_date is null then 0 else 1 end
        {%- endfor %} as valid_doses
    from slot_{{ slots }}
)
{%- endmacro %}
