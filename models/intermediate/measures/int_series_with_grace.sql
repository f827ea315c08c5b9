{#- Unrolled joins: the linter takes their lines for badly indented.
-- sqlfluff:exclude_rules:references.keywords,structure.column_order,layout.indent
-#}
{%- set slots = slot_count() -%}
with rules as (
    {{ dose_rules() }}
),

current_agents as (
    {{ dose_rule_agents('current') }}
),

first_agents as (
    {{ dose_rule_agents('first') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

all_doses as (
    select * from {{ ref('int_doses') }}
    where is_kept
),

doses as (
    select
        all_doses.student_key,
        all_doses.antigen,
        all_doses.administered_date,
        {{ add_period('all_doses.administered_date', as_period("'" ~ grace_days() ~ " days'")) }} as date_with_grace,
        all_doses.agent_label,
        all_doses.date_of_birth,
        all_doses.preceding_live_date,
        all_doses.preceding_polysaccharide_date,
        open_antigens.variant
    from all_doses
    inner join open_antigens
        on
            all_doses.student_key = open_antigens.student_key
            and all_doses.antigen = open_antigens.antigen
    where all_doses.administered_date >= all_doses.date_of_birth
),

-- Ages and intervals have the grace; windows, and the distance from live and polysaccharide doses, have none. A series whose slot
-- stays empty is carried along: each slot is named once, as Spark computes it anew each time.
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
            and {{ rule_condition('age_from', dose_date='doses.date_with_grace') }}
            and {{ rule_condition('age_before') }}
            and {{ rule_condition('window') }}
            and {{ rule_condition('live') }}
            and {{ rule_condition('polysaccharide') }}
            {%- if slot > 1 %}
            and series.schedule = rules.schedule
            and {{ rule_condition('history', slots=slot) }}
            and {{ rule_condition('interval', previous_dose_date=previous, dose_date='doses.date_with_grace') }}
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

final as (
    select
        student_key,
        antigen,
        schedule,
        {%- for slot in range(1, slots + 1) %}
        dose_{{ slot }}_date,
        {%- endfor %}
        {%- for slot in range(1, slots + 1) %}
        {{ '+ ' if not loop.first }}case when dose_{{ slot }}_date is null then 0 else 1 end
        {%- endfor %} as valid_doses
    from slot_{{ slots }}
)

select * from final
