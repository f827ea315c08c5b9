{#-
    CTEs slot_1 … that fill the slots of every schedule, one after the other: each with the earliest dose after the slot before that
    satisfies any of the slot's rules. A dose that fails is skipped, and later ones are tried against the same rules. One row per
    student, antigen and schedule: student_key, antigen, schedule, variant, first_dose_agent_label, dose_1_date, dose_1_rule_id …; a
    series whose slot stays empty is carried along, since Spark computes a CTE anew wherever it is named.

    series   schedules with slots that are filled already, where days are sought for the others; else those of `doses`
    keys     of `series`
    carried  further columns of `series` to keep
    also     as in doses_tried, with {slot} for the slot's number and {previous} for the date in the slot before
    Others as in doses_tried.
-#}
{% macro slots_filled(rules, series=none, doses=none, variants=none, gaps=none, keys=['student_key', 'antigen', 'schedule'], carried=[],
    grace_days=0, also=none) -%}
{%- set carried = ['variant'] + carried -%}
{%- for slot in range(1, slot_count() + 1) -%}
{%- set previous = 'series.dose_' ~ (slot - 1) ~ '_date' if series or slot > 1 else 'cast(null as date)' -%}
{%- set asked = [also.replace('{slot}', slot | string).replace('{previous}', previous)] if also else [] -%}
{%- if series -%}
    {%- do asked.append('series.dose_' ~ slot ~ '_date is null') -%}
    {%- do asked.append('series.dose_' ~ (slot - 1) ~ '_date is not null') if slot > 1 -%}
{%- endif -%}
{%- set before = (series if loop.first else 'slot_' ~ (slot - 1)) %}
slot_{{ slot }} as (
    select
        {%- for column in keys %}
        {{ column }},
        {%- endfor %}
        {%- for column in carried %}
        min({{ column }}) as {{ column }},
        {%- endfor %}
        {%- if slot > 1 %}
        min(first_dose_agent_label) as first_dose_agent_label,
        {%- elif series %}
        coalesce(min(first_dose_agent_label), min(agent_label) filter (where is_met)) as first_dose_agent_label,
        {%- else %}
        {{ first_by('agent_label', ['administered_date', 'rule_id']) }} filter (where is_met) as first_dose_agent_label,
        {%- endif %}
        {%- for other in range(1, slot_count() + 1) if other < slot or (series and other > slot) %}
        min(dose_{{ other }}_date) as dose_{{ other }}_date,
        min(dose_{{ other }}_rule_id) as dose_{{ other }}_rule_id,
        {%- endfor %}
        {%- set filled = {
            'date': 'min(administered_date) filter (where is_met)',
            'rule_id': first_by('rule_id', ['administered_date', 'rule_id']) ~ ' filter (where is_met)'
        } %}
        {%- for column, value in filled.items() %}
        {%- set name = 'dose_' ~ slot ~ '_' ~ column %}
        {{ 'coalesce(min(' ~ name ~ '), ' ~ value ~ ')' if series else value }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        {{ doses_tried(rules, slot, before, doses, variants, gaps, grace_days, asked | join(' and ')) | indent(8) }}
    ) as tried
    {%- if slot == 1 and not series %}
    where is_met
    {%- endif %}
    group by {{ keys | join(', ') }}
){{ ',' if not loop.last }}
{%- endfor -%}
{%- endmacro %}
