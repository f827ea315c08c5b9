{#- Unrolled joins: the linter takes their lines for badly indented.
-- sqlfluff:exclude_rules:references.keywords,structure.column_order,layout.indent
-#}
{%- set slots = slot_count() -%}
with {{ dose_rules_and_agents() }},

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

{%- for slot in range(1, slots + 1) %}
{%- set previous = 'series.dose_' ~ (slot - 1) ~ '_date' %}

-- Ages and intervals have the grace; windows, and the distance from live and polysaccharide doses, have none.
slot_{{ slot }} as (
    select
        doses.student_key,
        doses.antigen,
        rules.schedule,
        {%- if slot == 1 %}
        {{ first_by('doses.agent_label', ['doses.administered_date', 'rules.rule_id']) }} as first_dose_agent_label,
        {%- else %}
        min(series.first_dose_agent_label) as first_dose_agent_label,
        {%- endif %}
        {%- for earlier in range(1, slot) %}
        min(series.dose_{{ earlier }}_date) as dose_{{ earlier }}_date,
        {%- endfor %}
        min(doses.administered_date) as dose_{{ slot }}_date
    from doses
    {%- if slot == 1 %}
    inner join rules
        on
            doses.antigen = rules.antigen
            and rules.dose_number = 1
    {%- else %}
    inner join slot_{{ slot - 1 }} as series
        on
            doses.student_key = series.student_key
            and doses.antigen = series.antigen
            and doses.administered_date > {{ previous }}
    inner join rules
        on
            doses.antigen = rules.antigen
            and series.schedule = rules.schedule
            and rules.dose_number = {{ slot }}
    {%- endif %}
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
    where
        {{ rule_condition('age_from', dose_date='doses.date_with_grace') }}
        and {{ rule_condition('age_before') }}
        and {{ rule_condition('window') }}
        and {{ rule_condition('live') }}
        and {{ rule_condition('polysaccharide') }}
        {%- if slot > 1 %}
        and {{ rule_condition('history', slots=slot) }}
        and {{ rule_condition('interval', previous_dose_date=previous, dose_date='doses.date_with_grace') }}
        and (first_agents.rule_id is not null or not rules.names_first_agents)
        {%- endif %}
        and (rules.variant is null or rules.variant = doses.variant)
        and (current_agents.rule_id is not null or not rules.names_current_agents)
    group by doses.student_key, doses.antigen, rules.schedule
),

{%- endfor %}

final as (
    select
        slot_1.student_key,
        slot_1.antigen,
        slot_1.schedule,
        {%- for slot in range(1, slots + 1) %}
        slot_{{ slot }}.dose_{{ slot }}_date,
        {%- endfor %}
        {%- for slot in range(1, slots + 1) %}
        {{ '+ ' if not loop.first }}case when slot_{{ slot }}.dose_{{ slot }}_date is null then 0 else 1 end
        {%- endfor %} as valid_doses
    from slot_1
    {%- for slot in range(2, slots + 1) %}
    left join slot_{{ slot }}
        on
            slot_1.student_key = slot_{{ slot }}.student_key
            and slot_1.antigen = slot_{{ slot }}.antigen
            and slot_1.schedule = slot_{{ slot }}.schedule
    {%- endfor %}
)

select * from final
