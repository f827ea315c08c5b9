{#- The agent is one of the annex's, in any of its spellings. -#}
{% test is_known_agent(model, column_name) %}
select
    named.{{ column_name }},
    'is not an agent of seeds/annex/agents.csv' as problem
from {{ model }} as named
left join {{ ref('agents') }} as agents
    on {{ normalized_label('named.' ~ column_name) }} = {{ normalized_label('agents.agent') }}
where
    named.{{ column_name }} is not null
    and agents.agent is null
{% endtest %}
