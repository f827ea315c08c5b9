{#- CTEs that doses are put to: rules, and the agents that rules name, current_agents and first_agents. -#}
{% macro dose_rules_and_agents() -%}
rules as (
    {{ dose_rules() }}
),

current_agents as (
    {{ dose_rule_agents('current') }}
),

first_agents as (
    {{ dose_rule_agents('first') }}
)
{%- endmacro %}
