with antigen_agents as (
    select * from {{ ref('antigen_agents') }}
),

agents as (
    select * from {{ ref('int_agents') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
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
    where {{ holds_in('school_year.first_year', 'antigen_agents') }}
)

select * from final
