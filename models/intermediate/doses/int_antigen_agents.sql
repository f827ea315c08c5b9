with antigen_agents as (
    select * from {{ ref('antigen_agents') }}
),

agents as (
    select * from {{ ref('int_agents') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

of_the_year as (
    select
        agents.agent,
        agents.agent_label,
        antigen_agents.antigen,
        antigen_agents.is_relevant,
        antigen_agents.is_live,
        antigen_agents.is_polysaccharide,
        antigen_agents.polysaccharide_age_from,
        antigen_agents.same_day_rank,
        antigen_agents.excluded_gender
    from antigen_agents
    cross join school_year
    inner join agents
        on {{ normalized_label('antigen_agents.agent') }} = agents.agent_label
    where {{ holds_in(definitions_year(), 'antigen_agents') }}
),

-- A cell with several agents is one record: each antigen keeps the agent that the same-day hierarchy prefers.
ranked as (
    select
        agent,
        agent_label,
        antigen,
        is_relevant,
        max(is_live) over (partition by agent, antigen) as is_live,
        max(is_polysaccharide) over (partition by agent, antigen) as is_polysaccharide,
        max(polysaccharide_age_from) over (partition by agent, antigen) as polysaccharide_age_from,
        same_day_rank,
        excluded_gender,
        row_number() over (
            partition by agent, antigen
            order by is_relevant desc, same_day_rank asc, agent_label asc
        ) as rank_in_cell
    from of_the_year
),

final as (
    select
        agent,
        agent_label,
        antigen,
        is_relevant,
        is_live,
        is_polysaccharide,
        polysaccharide_age_from,
        same_day_rank,
        excluded_gender
    from ranked
    where rank_in_cell = 1
)

select * from final
