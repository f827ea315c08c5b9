with agents as (
    select
        agent,
        {{ normalized_label('agent') }} as agent_label
    from {{ ref('agents') }}
),

aliases as (
    select
        agent,
        {{ normalized_label('alias') }} as alias_label
    from {{ ref('agent_aliases') }}
),

antigen_agents as (
    select * from {{ ref('antigen_agents') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

-- An agent that some antigen has, but none in the school year, is of other years. Appendix 2 has agents of no antigen, too.
agents_by_year as (
    select
        agents.agent,
        agents.agent_label,
        coalesce(
            max(case when {{ holds_in(definitions_year(), 'antigen_agents') }} then 1 else 0 end) = 1
            or max(antigen_agents.agent) is null,
            false
        ) as is_of_the_year
    from agents
    cross join school_year
    left join antigen_agents
        on agents.agent_label = {{ normalized_label('antigen_agents.agent') }}
    group by agents.agent, agents.agent_label
),

-- An alias may stand for two agents of the annex: Hib-HB is a Hib vaccine to one antigen and an HB vaccine to another.
final as (
    select
        agent_label as name_label,
        agent,
        agent_label,
        is_of_the_year
    from agents_by_year
    union all
    select
        aliases.alias_label as name_label,
        agents_by_year.agent,
        agents_by_year.agent_label,
        agents_by_year.is_of_the_year
    from aliases
    inner join agents_by_year
        on {{ normalized_label('aliases.agent') }} = agents_by_year.agent_label
    left join agents
        on aliases.alias_label = agents.agent_label
    where agents.agent_label is null
)

select * from final
