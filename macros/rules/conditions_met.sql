{#- SQL condition: the dates satisfy the conditions; an empty condition is always met. grace_days applies to conditions that allow it. -#}
{% macro conditions_met(conditions, grace_days=0) -%}
    {%- for condition in conditions -%}
        {%- set subject = condition.subject -%}
        {%- if grace_days and condition.has_grace -%}
            {%- set subject = add_period(subject, "cast('" ~ grace_days ~ " days' as interval)") -%}
        {%- endif -%}
        {{ ' and ' if not loop.first }}(
        {{- (condition.period ~ ' is null or ') if condition.column }}
        {{- (condition.base ~ ' is null or ') if condition.is_if_any }}
        {{- subject }} {{ '>=' if condition.comparison == 'from' else '<' }} {{ add_period(condition.base, condition.period) }})
    {%- endfor -%}
{%- endmacro %}

{#- SQL condition: the rule applies to the variant, agents and earlier doses of a dose. Other rules cannot give the reason of a refusal. -#}
{% macro rule_fits(dose='doses', series='series', variant='series.variant', slots=slot_count(), grace_days=0) -%}
    {%- set history = rule_conditions(dose, series, slots=slots) | selectattr('asks', 'equalto', 'history') | list -%}
    (rules.variant is null or rules.variant = {{ variant }})
    and (rules.current_agents is null or array_contains(rules.current_agents, {{ dose }}.agent_label))
    {%- if slots > 0 %}
    and (rules.first_agents is null or array_contains(rules.first_agents, {{ series }}.first_dose_agent_label))
    and {{ conditions_met(history, grace_days) }}
    {%- endif %}
{%- endmacro %}
