{#-
    The valid doses of one antigen: one row per student and schedule with at least one, its slots dose_1_date … dose_6_date
    and the rule that filled each. A slot is filled by the earliest dose after the slot before that satisfies any of the
    slot's rules; a dose that fails is skipped, and later ones are tried against the same rules.

    The slots are unrolled: for each, the doses of the students who filled the one before are compared with the slot's few
    rules and the first that fits is kept. Dose rows are read once per slot and never joined to each other.

    has_variants      the rules differ between students (int_schedule_variants)
    has_agent_rules   some rules name the agents that they take (dose_rule_agents)
-#}
{% macro valid_doses(antigen, has_variants=false, has_agent_rules=false) -%}
    {{ return(adapter.dispatch('valid_doses')(antigen, has_variants, has_agent_rules)) }}
{%- endmacro %}

{% macro default__valid_doses(antigen, has_variants=false, has_agent_rules=false) -%}
{%- set slots = slot_count() -%}
{{ valid_doses_inputs(antigen, has_variants, has_agent_rules) }}

{%- for slot in range(1, slots + 1) %}
{%- set previous = 'series.dose_' ~ (slot - 1) ~ '_date' %}

slot_{{ slot }} as (
    select
        doses.student_key,
        rules.schedule,
        {%- if slot == 1 %}
        {{ first_by('doses.agent_label', ['doses.administered_date', 'rules.rule_id']) if has_agent_rules
            else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as first_dose_agent_label,
        {%- else %}
        min(series.first_dose_agent_label) as first_dose_agent_label,
        {%- endif %}
        {%- for earlier in range(1, slot) %}
        min(series.dose_{{ earlier }}_date) as dose_{{ earlier }}_date,
        {%- endfor %}
        min(doses.administered_date) as dose_{{ slot }}_date,
        {{ first_by('rules.rule_id', ['doses.administered_date', 'rules.rule_id']) }} as dose_{{ slot }}_rule_id
    from doses
    {%- if slot == 1 %}
    inner join rules
        on rules.dose_number = 1
    {%- else %}
    inner join slot_{{ slot - 1 }} as series
        on
            doses.student_key = series.student_key
            and doses.administered_date > {{ previous }}
    inner join rules
        on
            series.schedule = rules.schedule
            and rules.dose_number = {{ slot }}
    {%- endif %}
    {%- if has_agent_rules %}
    left join current_agents
        on
            rules.rule_id = current_agents.rule_id
            and doses.agent_label = current_agents.agent_label
    {%- if slot > 1 %}
    left join first_agents
        on
            rules.rule_id = first_agents.rule_id
            and series.first_dose_agent_label = first_agents.agent_label
    {%- endif %}
    {%- endif %}
    where
        {{ rule_condition('age_from') }}
        and {{ rule_condition('age_before') }}
        and {{ rule_condition('window') }}
        and {{ rule_condition('live') }}
        and {{ rule_condition('polysaccharide') }}
        {%- if slot > 1 %}
        and {{ rule_condition('history', slots=slot) }}
        and {{ rule_condition('interval', previous_dose_date=previous) }}
        {%- endif %}
        {%- if has_variants %}
        and (rules.variant is null or rules.variant = doses.variant)
        {%- endif %}
        {%- if has_agent_rules %}
        and (current_agents.rule_id is not null or not rules.names_current_agents)
        {%- if slot > 1 %}
        and (first_agents.rule_id is not null or not rules.names_first_agents)
        {%- endif %}
        {%- endif %}
    group by doses.student_key, rules.schedule
),

{%- endfor %}

final as (
    select
        slot_1.student_key,
        '{{ antigen }}' as antigen,
        slot_1.schedule,
        slot_1.first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        slot_{{ slot }}.dose_{{ slot }}_date,
        slot_{{ slot }}.dose_{{ slot }}_rule_id{{ ',' if not loop.last }}
        {%- endfor %}
    from slot_1
    {%- for slot in range(2, slots + 1) %}
    left join slot_{{ slot }}
        on
            slot_1.student_key = slot_{{ slot }}.student_key
            and slot_1.schedule = slot_{{ slot }}.schedule
    {%- endfor %}
)

select * from final
{%- endmacro %}

{#- The CTEs that slots are filled from: the antigen's rules, the agents that they name, and the doses that the day kept. -#}
{% macro valid_doses_inputs(antigen, has_variants, has_agent_rules) -%}
with rules as (
    {{ dose_rules(antigen) }}
),

{%- if has_agent_rules %}

current_agents as (
    {{ dose_rule_agents('current') }}
),

first_agents as (
    {{ dose_rule_agents('first') }}
),

{%- endif %}

doses as (
    select
        all_doses.student_key,
        all_doses.administered_date,
        all_doses.agent_label,
        all_doses.date_of_birth,
        all_doses.preceding_live_date,
        all_doses.preceding_polysaccharide_date
        {%- if has_variants %},
        variants.variant
        {%- endif %}
    from {{ ref('int_doses') }} as all_doses
    {%- if has_variants %}
    inner join {{ ref('int_schedule_variants') }} as variants
        on
            all_doses.student_key = variants.student_key
            and all_doses.antigen = variants.antigen
    {%- endif %}
    where
        all_doses.antigen = '{{ antigen }}'
        and all_doses.is_kept
),
{%- endmacro %}

{#-
    Spark computes a CTE again wherever it is named, so that each slot is named once here: a series whose slot stays empty is carried
    along instead of being joined to its earlier slots at the end. Doses, series and result lie by student: nothing is shuffled.
-#}
{% macro spark__valid_doses(antigen, has_variants=false, has_agent_rules=false) -%}
{%- set slots = slot_count() -%}
{{ valid_doses_inputs(antigen, has_variants, has_agent_rules) }}

{%- for slot in range(1, slots + 1) %}
{%- set previous = 'series.dose_' ~ (slot - 1) ~ '_date' %}

slot_{{ slot }} as (
    select
        student_key,
        schedule,
        {%- for earlier in range(1, slot) %}
        dose_{{ earlier }}_date,
        dose_{{ earlier }}_rule_id,
        {%- endfor %}
        filled.administered_date as dose_{{ slot }}_date,
        filled.rule_id as dose_{{ slot }}_rule_id,
        {{ 'filled.agent_label' if slot == 1 else 'first_dose_agent_label' }} as first_dose_agent_label
    from (
        select /*+ broadcast(rules, current_agents, first_agents) */
            {{ 'doses' if slot == 1 else 'series' }}.student_key,
            {{ 'rules' if slot == 1 else 'series' }}.schedule,
            {%- for earlier in range(1, slot) %}
            min(series.dose_{{ earlier }}_date) as dose_{{ earlier }}_date,
            min(series.dose_{{ earlier }}_rule_id) as dose_{{ earlier }}_rule_id,
            {%- endfor %}
            {%- if slot > 1 %}
            min(series.first_dose_agent_label) as first_dose_agent_label,
            {%- endif %}
            min(case when
                rules.rule_id is not null
                {%- if has_agent_rules %}
                and (current_agents.rule_id is not null or not rules.names_current_agents)
                {%- if slot > 1 %}
                and (first_agents.rule_id is not null or not rules.names_first_agents)
                {%- endif %}
                {%- endif %}
                then struct(
                    doses.administered_date,
                    rules.rule_id,
                    {{ 'doses.agent_label' if has_agent_rules else 'cast(null as string)' }} as agent_label
                )
            end) as filled
        {%- if slot == 1 %}
        from doses
        inner join rules
        {%- else %}
        from slot_{{ slot - 1 }} as series
        left join doses
            on
                series.student_key = doses.student_key
                and doses.administered_date > {{ previous }}
        left join rules
        {%- endif %}
            on
                rules.dose_number = {{ slot }}
                {%- if slot > 1 %}
                and series.schedule = rules.schedule
                and doses.student_key is not null
                and {{ rule_condition('history', slots=slot) }}
                and {{ rule_condition('interval', previous_dose_date=previous) }}
                {%- endif %}
                and {{ rule_condition('age_from') }}
                and {{ rule_condition('age_before') }}
                and {{ rule_condition('window') }}
                and {{ rule_condition('live') }}
                and {{ rule_condition('polysaccharide') }}
                {%- if has_variants %}
                and (rules.variant is null or rules.variant = doses.variant)
                {%- endif %}
        {%- if has_agent_rules %}
        left join current_agents
            on
                rules.rule_id = current_agents.rule_id
                and doses.agent_label = current_agents.agent_label
        {%- if slot > 1 %}
        left join first_agents
            on
                rules.rule_id = first_agents.rule_id
                and series.first_dose_agent_label = first_agents.agent_label
        {%- endif %}
        {%- endif %}
        group by 1, 2
    )
    {%- if slot == 1 %}
    where filled is not null
    {%- endif %}
),

{%- endfor %}

final as (
    select
        student_key,
        '{{ antigen }}' as antigen,
        schedule,
        first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        dose_{{ slot }}_date,
        dose_{{ slot }}_rule_id{{ ',' if not loop.last }}
        {%- endfor %}
    from slot_{{ slots }}
)

select * from final
{%- endmacro %}
