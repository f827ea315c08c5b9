{#-
    A likely misspelling has the same antigens: letters and digits are the same, or differ by one letter (two in long names) within
    words of five letters or more. The short components of an agent (HB, Hib, MMR, MMRV) are compared as they are,
    and so are digits.
-#}
{%- set compact = [['[^\\p{L}\\p{Nd}]+', '']] -%}
{%- set components = [['\\p{L}{5,}', '*'], ['[^\\p{L}\\p{Nd}*]+', '']] -%}
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
        name_label as agent_label
    from {{ ref('int_agent_names') }}
    where is_of_the_year
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

-- A name of several agents has no nearest agent.
nearest as (
    select
        unknown.agent,
        known.agent_label,
        min(known.agent) as nearest_agent,
        levenshtein(unknown.agent_label, known.agent_label) as distance
    from unknown
    cross join known
    where
        {{ rewritten('unknown.agent_label', compact) }} = {{ rewritten('known.agent_label', compact) }}
        or (
            {{ rewritten('unknown.agent_label', components) }} = {{ rewritten('known.agent_label', components) }}
            and levenshtein(unknown.agent_label, known.agent_label)
            <= case when length(unknown.agent_label) >= 10 then 2 else 1 end
        )
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
