with immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

aliases as (
    select
        {{ normalized_label('alias') }} as alias_label,
        {{ normalized_label('agent') }} as agent_label
    from {{ ref('agent_aliases') }}
),

known_agents as (
    select distinct {{ normalized_label('agent') }} as agent_label from {{ ref('agents') }}
),

spellings as (
    select
        agent,
        count(*) as records
    from immunizations
    where agent is not null
    group by agent
),

labelled as (
    select
        agent,
        {{ normalized_label('agent') }} as written_label,
        records
    from spellings
),

-- An alias may stand for two agents of the annex: Hib-HB is a Hib vaccine to one antigen and an HB vaccine to another.
resolved as (
    select
        labelled.agent,
        labelled.records,
        coalesce(aliases.agent_label, labelled.written_label) as agent_label
    from labelled
    left join aliases
        on labelled.written_label = aliases.alias_label
),

final as (
    select
        resolved.agent,
        resolved.agent_label,
        resolved.records,
        known_agents.agent_label is not null as is_known
    from resolved
    left join known_agents
        on resolved.agent_label = known_agents.agent_label
)

select * from final
