{#- A remark in parentheses or a dose number after a label: hpv-9-(2), mmr-(priorix); a number alone is read as `#`. -#}
{%- set remark = '-*(?:[(]([^()]*)[)]|(#[1-9])|-(dose-[1-9]))$' -%}
with immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

names as (
    select
        name_label,
        agent_label
    from {{ ref('int_agent_names') }}
    where is_of_the_year
),

names_of_other_years as (
    select distinct name_label
    from {{ ref('int_agent_names') }}
    where not is_of_the_year
),

outside_annex as (
    select {{ normalized_label('value') }} as name_label
    from {{ ref('values_outside_annex') }}
    where column_name = 'agent'
    union
    select name_label
    from names_of_other_years
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

named as (
    select
        labelled.*,
        names.agent_label
    from labelled
    left join names
        on labelled.written_label = names.name_label
),

cells as (
    select * from named
    where agent_label is null
),

pieces as (
    {{ matching_parts('cells', ['agent'], rewritten('written_label', [['-*[,;|+&]+-*|-and-|-et-', '|']]), '[^|]+') }}
),

unremarked as (
    select
        agent,
        part as piece,
        {{ rewritten('part', [[remark, '']]) }} as piece_label
    from pieces
),

remarked as (
    select
        *,
        case
            when piece_label <> piece
                then {{ rewritten('piece', [
                    ['^.*?' ~ remark, '\\1\\2\\3'],
                    ['^(?:dose-|#|no[.]?-?)?[1-9](?:st|nd|rd|th|er|e)?(?:-dose)?$', '#']
                ]) }}
        end as remark
    from unremarked
),

-- A number after an agent of unknown formulation may be the formulation (HPV (4)). A remark is accepted only if it
-- names the same agent (MMR (Priorix)).
pieces_named as (
    select
        remarked.agent,
        case
            when
                remarked.remark is null
                or (remarked.remark = '#' and names.agent_label not like '%unspecified')
                or remarks.agent_label is not null
                then names.agent_label
        end as agent_label,
        outside_annex.name_label is not null as is_outside_annex
    from remarked
    left join outside_annex
        on remarked.piece = outside_annex.name_label
    left join names
        on remarked.piece_label = names.name_label
    left join names as remarks
        on
            remarked.remark = remarks.name_label
            and names.agent_label = remarks.agent_label
),

-- A cell is read where each of its pieces is an agent; one that is known to be none of the annex's (Inf), or of the year's, is
-- passed over.
cells_read as (
    select agent
    from pieces_named
    group by agent
    having
        max(agent_label) is not null
        and max(case when agent_label is null and not is_outside_annex then 1 else 0 end) = 0
),

agents_of_cells as (
    select distinct
        pieces_named.agent,
        pieces_named.agent_label
    from pieces_named
    inner join cells_read
        on pieces_named.agent = cells_read.agent
    where pieces_named.agent_label is not null
),

final as (
    select
        named.agent,
        coalesce(named.agent_label, agents_of_cells.agent_label, named.written_label) as agent_label,
        named.records,
        coalesce(named.agent_label, agents_of_cells.agent_label) is not null as is_known,
        agents_of_cells.agent is not null as is_read_from_cell,
        coalesce(named.agent_label, agents_of_cells.agent_label) is null
        and names_of_other_years.name_label is not null as is_of_another_year
    from named
    left join agents_of_cells
        on named.agent = agents_of_cells.agent
    left join names_of_other_years
        on named.written_label = names_of_other_years.name_label
)

select * from final
