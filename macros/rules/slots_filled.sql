{#-
    CTEs slot_1 … and `slots`, which fill the slots of every schedule in order: each with the earliest dose after the previous slot that
    satisfies any rule of the slot. A dose that fails is skipped, and later ones are tested against the same rules. `slots` has one
    row per student, antigen and schedule: student_key, antigen, schedule, variant, last_slot, first_dose_agent_label, dose_1_date,
    dose_1_rule_id …

    A series continues to the next slot whether its own was filled or not, up to last_slot, the last of its schedule.

    series   schedules with some slots filled, to find dates for the others; otherwise those of `doses`
    carried  further columns of `series` to keep
    also     as in doses_tried, with {slot} for the slot's number and {previous} for the date in the slot before
    Others as in doses_tried.
-#}
{% macro slots_filled(rules, series=none, doses=none, variants=none, gaps=none, carried=[], grace_days=0, also=none) -%}
{%- set keys = ['student_key', 'antigen', 'schedule', 'variant', 'last_slot'] + carried -%}
{%- for slot in range(1, slot_count() + 1) -%}
{%- set previous = 'series.dose_' ~ (slot - 1) ~ '_date' if slot > 1 else 'cast(null as date)' -%}
{%- set asked = [also.replace('{slot}', slot | string).replace('{previous}', previous)] if also else [] -%}
{%- set kept = keys + (['first_dose_agent_label'] if slot > 1 else []) -%}
{%- if series -%}
    {%- do asked.append('series.dose_' ~ slot ~ '_date is null') -%}
    {%- do asked.append(previous ~ ' is not null') if slot > 1 -%}
{%- endif -%}
{%- set dates = [] -%}
{%- for other in range(1, slot_count() + 1) if other < slot or (series and other > slot) -%}
    {%- do dates.extend(['dose_' ~ other ~ '_date', 'dose_' ~ other ~ '_rule_id']) -%}
{%- endfor -%}
{#- A series starts with a dose that meets a rule; later it stays, whether one does or not. -#}
{%- set starts = slot == 1 and not series -%}
{%- set if_met = '' if starts else ' filter (where is_met)' -%}
{%- set filled = {
    'dose_' ~ slot ~ '_date': 'min(administered_date)' ~ if_met,
    'dose_' ~ slot ~ '_rule_id': first_by('rule_id', ['administered_date', 'rule_id']) ~ if_met
} -%}
{%- if slot == 1 -%}
    {%- do filled.update({'first_dose_agent_label': first_by('agent_label', ['administered_date', 'rule_id']) ~ if_met}) -%}
{%- endif %}
slot_{{ slot }} as (
    select
        {%- for column in kept + dates %}
        {{ column }},
        {%- endfor %}
        {%- for column, value in filled.items() %}
        {{ 'coalesce(min(' ~ column ~ '), ' ~ value ~ ')' if series else value }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        {{ doses_tried(
            rules, slot, series if slot == 1 else 'slot_' ~ (slot - 1), doses, variants, gaps, grace_days, asked | join(' and ')
        ) | indent(8) }}
    ) as tried
    {%- if starts %}
    where is_met
    {%- elif slot > 1 %}
    where last_slot >= {{ slot }}
    {%- endif %}
    group by {{ (kept + dates) | join(', ') }}
),
{%- endfor %}

slots as (
    {%- for slot in range(1, slot_count() + 1) %}
    select
        {%- for column in keys + ['first_dose_agent_label'] %}
        {{ column }},
        {%- endfor %}
        {%- for other in range(1, slot_count() + 1) %}
        {{ 'dose_' ~ other ~ '_date' if series or other <= slot else 'cast(null as date) as dose_' ~ other ~ '_date' }},
        {{ 'dose_' ~ other ~ '_rule_id' if series or other <= slot else 'cast(null as ' ~ dbt.type_string() ~ ') as dose_' ~ other ~ '_rule_id' }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from slot_{{ slot }}
    where last_slot = {{ slot }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)
{%- endmacro %}
