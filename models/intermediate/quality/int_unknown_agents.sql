with unknown as (
    select
        agent,
        agent_label,
        records
    from {{ ref('int_agents') }}
    where not is_known
),

known as (
    select
        agent,
        {{ normalized_label('agent') }} as agent_label
    from {{ ref('agents') }}
    union all
    select
        agent,
        {{ normalized_label('alias') }} as agent_label
    from {{ ref('agent_aliases') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

-- A name of several agents has no nearest one.
nearest as (
    select
        unknown.agent,
        known.agent_label,
        min(known.agent) as nearest_agent,
        levenshtein(unknown.agent_label, known.agent_label) as distance
    from unknown
    cross join known
    where {{ is_likely_spelling('unknown.agent_label', 'known.agent_label') }}
    group by unknown.agent, unknown.agent_label, known.agent_label
    having count(distinct known.agent) = 1
),

suggestions as (
    select
        agent,
        {{ first_by('nearest_agent', ['distance', 'nearest_agent']) }} as nearest_agent
    from nearest
    group by agent
),

final as (
    select
        school_year.school_year,
        unknown.agent,
        cast(unknown.records as bigint) as records,
        suggestions.nearest_agent
    from unknown
    cross join school_year
    left join suggestions
        on unknown.agent = suggestions.agent
)

select * from final
