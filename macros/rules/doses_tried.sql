{#-
    Query of doses tested against the rules of one slot. One row for each row of `series`, recorded dose after the previous slot and rule
    of the slot, with administered_date, rule_id and is_met: whether the rule accepts the dose. Without `doses` it finds the earliest
    date of each rule. Rows of `series` without a dose or rule are kept.

    rules       dose_rules_in_force
    slot        the slot's number, or SQL of it
    series      student_key, antigen, schedule, variant, first_dose_agent_label, dose_1_date …; none in the first slot of recorded
                doses. To find a date also date_of_birth, agent_label (of the dose to be given), is_live (that is a live vaccine),
                not_before, and without `gaps` preceding_live_date and preceding_polysaccharide_date
    doses       recorded doses: student_key, antigen, agent_label, date_of_birth, administered_date, preceding_live_date,
                preceding_polysaccharide_date
    variants    variant by student_key and antigen, for the first slot
    gaps        int_interaction_gaps: the live and polysaccharide doses between which the date falls
    also        additional SQL condition on series, doses and rules
-#}
{% macro doses_tried(rules, slot, series=none, doses=none, variants=none, gaps=none, grace_days=0, also=none) -%}
{%- set slots = (slot - 1) if slot is number else slot_count() -%}
{%- set previous = slot_date(slot ~ ' - 1', 'series') if slot is string
    else ('series.dose_' ~ slots ~ '_date' if slots else 'cast(null as date)') -%}
{%- set dose = 'doses' if doses else 'series' -%}
{%- set conditions = rule_conditions('tried', 'tried', 'tried', slots=slots) -%}
{%- set asked = conditions | selectattr('asks', 'equalto', 'dose') | selectattr('column') | list -%}
{%- if not series -%}
    {%- set asked = asked | rejectattr('is_between_doses') | list -%}
{%- endif -%}
select
    *,
    {#- A case: of *and*, DuckDB tests every condition for every dose. #}
    case
        when
            rule_id is not null
            and administered_date is not null
            {%- if gaps %}
            and coalesce(administered_date <= clear_until, true)
            {%- endif %}
            and {{ conditions_met(asked, grace_days) }}
            then true
        else false
    end as is_met
from (
    {%- if not doses %}
    select
        *,
        greatest(
            not_before
            {%- for condition in conditions if condition.asks == 'dose' and condition.comparison == 'from' %},
            {{ add_period(condition.base, condition.period) }}
            {%- endfor %}
        ) as administered_date
    from (
    {%- endif %}
    select /*+ broadcast(rules) */
        {%- if series %}
        series.*,
        {{ previous }} as previous_dose_date,
        {%- else %}
        rules.schedule,
        rules.last_slot,
        variants.variant,
        {%- endif %}
        {%- if doses %}
        {%- for column in ([] if series else ['student_key', 'antigen']) + [
            'date_of_birth', 'administered_date', 'preceding_live_date', 'preceding_polysaccharide_date'
        ] %}
        doses.{{ column }},
        {%- endfor %}
        case when rules.current_agents is not null then doses.agent_label end as agent_label,
        {%- elif gaps %}
        greatest(live_gaps.preceding_date, case when series.is_live then {{ previous }} end) as preceding_live_date,
        polysaccharide_gaps.preceding_date as preceding_polysaccharide_date,
        least(live_gaps.next_date, polysaccharide_gaps.next_date) as clear_until,
        {%- endif %}
        {%- for column in asked | map(attribute='column') %}
        rules.{{ column }},
        {%- endfor %}
        rules.rule_id
    from {{ series or doses }} as {{ 'series' if series else 'doses' }}
    {%- if not series %}
    left join {{ variants }} as variants
        on
            doses.student_key = variants.student_key
            and doses.antigen = variants.antigen
    {%- elif doses %}
    left join {{ doses }} as doses
        on
            series.student_key = doses.student_key
            and series.antigen = doses.antigen
            and {{ previous }} < doses.administered_date
    {%- endif %}
    {{ 'left' if series else 'inner' }} join {{ rules }} as rules
        on
            {{ 'series' if series else 'doses' }}.antigen = rules.antigen
            and rules.dose_number = {{ slot }}
            {%- if series %}
            and series.schedule = rules.schedule
            {%- endif %}
            and {{ rule_fits(dose, 'series', 'series.variant' if series else 'variants.variant', slots, grace_days) }}
            {%- if also %}
            and {{ also }}
            {%- endif %}
    {%- if gaps %}
    {%- for kind in ['live', 'polysaccharide'] %}
    left join {{ gaps }} as {{ kind }}_gaps
        on
            series.student_key = {{ kind }}_gaps.student_key
            and series.antigen = {{ kind }}_gaps.antigen
            and case when rules.{{ kind }}_interval_from is not null then '{{ kind }}' end = {{ kind }}_gaps.kind
    {%- endfor %}
    {%- endif %}
    {%- if not doses %}
    ) as tried
    {%- endif %}
) as tried
{%- endmacro %}
