with immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

spellings as (
    select
        agent,
        count(*) as records
    from immunizations
    where agent is not null
    group by agent
),

known_agents as (
    select distinct {{ normalized_label('agent') }} as agent_label from {{ ref('agents') }}
),

labelled as (
    select
        agent,
        {{ normalized_label('agent') }} as agent_label,
        records
    from spellings
),

final as (
    select
        labelled.agent,
        labelled.agent_label,
        labelled.records,
        known_agents.agent_label is not null as is_known
    from labelled
    left join known_agents
        on labelled.agent_label = known_agents.agent_label
)

select * from final
