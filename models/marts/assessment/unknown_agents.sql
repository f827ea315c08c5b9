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
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

-- An agent that shares less than half of its letters is no likely spelling.
nearest as (
    select
        unknown.agent,
        {{ first_by('known.agent', ['levenshtein(unknown.agent_label, known.agent_label)', 'known.agent']) }} as nearest_agent
    from unknown
    cross join known
    where 2 * levenshtein(unknown.agent_label, known.agent_label) <= length(unknown.agent_label)
    group by unknown.agent
),

final as (
    select
        school_year.school_year,
        unknown.agent,
        cast(unknown.records as bigint) as records,
        nearest.nearest_agent
    from unknown
    cross join school_year
    left join nearest
        on unknown.agent = nearest.agent
)

select * from final
