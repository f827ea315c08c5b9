{#-
    For each row of `plans` the earliest day on which a dose would fill the slot after those filled, and the rule by which: one
    row per `keys`, none where no day does. `plans` has its keys, student_key, antigen, schedule, variant, date_of_birth,
    agent_label (of the dose that is given), is_live (that agent is a live vaccine), filled, dose_1_date …,
    first_dose_agent_label, latest_dose_date (the dose comes after it) and not_before; null asks nothing. The query that calls
    has CTEs rules, current_agents, first_agents.

    The lower bounds of a rule give one day. With `has_gaps`, CTE gaps lists the times between live and polysaccharide doses:
    where those stand in the way, the end of each of their intervals is another candidate. Without, plans have
    preceding_live_date and preceding_polysaccharide_date, and nothing is given after those. Every candidate is then
    put to rule_condition, as recorded doses are.
-#}
{% macro earliest_doses(plans, keys, has_gaps=true) -%}
    {%- set previous = slot_date('doses.filled', 'doses') -%}
    {%- set kinds = ['live', 'polysaccharide'] -%}
    {%- set preceding = {} -%}
    {%- for kind in kinds -%}
        {%- do preceding.update({kind: (kind ~ '_gaps.preceding_date') if has_gaps else 'bounded.given_preceding_' ~ kind ~ '_date'}) -%}
    {%- endfor -%}
    select
        {%- for key in keys %}
        doses.{{ key }},
        {%- endfor %}
        min(doses.administered_date) as administered_date,
        {{ first_by('doses.rule_id', ['doses.administered_date', 'doses.rule_id']) }} as rule_id
    from (
        select
            bounded.*,
            greatest({{ preceding.live }}, case when bounded.is_live then bounded.previous_dose_date end) as preceding_live_date,
            {{ preceding.polysaccharide }} as preceding_polysaccharide_date,
            {%- if has_gaps %}
            least(live_gaps.next_date, polysaccharide_gaps.next_date) as clear_until,
            {%- endif %}
            greatest(
                bounded.earliest_date,
                {{ add_period(preceding.live, 'bounded.live_interval_from') }},
                {{ add_period(preceding.polysaccharide, 'bounded.polysaccharide_interval_from') }}
            ) as administered_date
        from (
            select
                {%- for key in keys %}
                doses.{{ key }},
                {%- endfor %}
                {%- for column in ['student_key', 'antigen'] if column not in keys %}
                doses.{{ column }},
                {%- endfor %}
                doses.date_of_birth,
                doses.is_live,
                {%- for slot in range(1, slot_count() + 1) %}
                doses.dose_{{ slot }}_date,
                {%- endfor %}
                {%- if not has_gaps %}
                {%- for kind in kinds %}
                doses.preceding_{{ kind }}_date as given_preceding_{{ kind }}_date,
                {%- endfor %}
                {%- endif %}
                rules.rule_id,
                rules.live_interval_from,
                rules.polysaccharide_interval_from,
                {{ previous }} as previous_dose_date,
                greatest(
                    doses.date_of_birth
                    {%- for bound in earliest_dose_bounds(previous) %},
                    {{ bound }}
                    {%- endfor %}
                ) as earliest_date
            from {{ plans }} as doses
            inner join (
                select
                    rules.*,
                    current_agents.agent_label as current_agent_label,
                    first_agents.agent_label as first_agent_label
                from rules
                left join current_agents
                    on rules.rule_id = current_agents.rule_id
                left join first_agents
                    on rules.rule_id = first_agents.rule_id
            ) as rules
                on
                    doses.antigen = rules.antigen
                    and doses.schedule = rules.schedule
                    and doses.filled + 1 = rules.dose_number
                    and (rules.variant is null or doses.variant = rules.variant)
            where
                {{ rule_condition('history', slots=slot_count() + 1, series='doses') }}
                and (doses.agent_label = rules.current_agent_label or not rules.names_current_agents)
                and (doses.first_dose_agent_label = rules.first_agent_label or not rules.names_first_agents)
        ) as bounded
        {%- if has_gaps %}
        {%- for kind in kinds %}
        -- Joined by equality alone, which engines hash: what a gap must hold stands below.
        left join gaps as {{ kind }}_gaps
            on
                bounded.student_key = {{ kind }}_gaps.student_key
                and bounded.antigen = {{ kind }}_gaps.antigen
                and case when bounded.{{ kind }}_interval_from is not null then '{{ kind }}' end = {{ kind }}_gaps.kind
        {%- endfor %}
        where
            {%- for kind in kinds %}
            {{ 'and ' if not loop.first }}
            coalesce({{ kind }}_gaps.next_date >= bounded.earliest_date, true)
            {%- endfor %}
        {%- endif %}
    ) as doses
    inner join rules
        on doses.rule_id = rules.rule_id
    where
        {% if has_gaps -%}
        coalesce(doses.administered_date <= doses.clear_until, true)
        and {% endif -%}
        {{ rule_condition('age_from') }}
        and {{ rule_condition('age_before') }}
        and {{ rule_condition('window') }}
        and {{ rule_condition('live') }}
        and {{ rule_condition('polysaccharide') }}
        and {{ rule_condition('interval', previous_dose_date='doses.previous_dose_date', series='doses') }}
    group by {% for key in keys %}doses.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{#- What a rule asks of the earliest day of a dose, as dates; null where it does not ask. -#}
{% macro earliest_dose_bounds(previous_dose_date) -%}
    {{ return([
        add_period('doses.date_of_birth', 'rules.age_from'),
        'make_date(cast(extract(year from doses.date_of_birth) as int) + rules.window_opens_birth_years, 9, 1)',
        add_period(previous_dose_date, 'rules.interval_from'),
        'case when doses.is_live then ' ~ add_period(previous_dose_date, 'rules.live_interval_from') ~ ' end',
        add_period('doses.dose_1_date', 'rules.first_dose_interval_from'),
        add_period('greatest(doses.latest_dose_date, ' ~ previous_dose_date ~ ')', as_period("'1 day'")),
        'doses.not_before'
    ]) }}
{%- endmacro %}
