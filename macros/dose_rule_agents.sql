{#- The agents that a rule names for one of its doses ('current' or 'first'). Rules that name none take any relevant agent. -#}
{% macro dose_rule_agents(dose) -%}
    select
        rule_id,
        {{ normalized_label('agent') }} as agent_label
    from {{ ref('dose_rule_agents') }}
    where dose = '{{ dose }}'
{%- endmacro %}
