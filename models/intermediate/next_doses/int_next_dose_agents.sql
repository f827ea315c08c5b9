{#- A view, because Parquet files have no interval type. -#}
{{ config(materialized='view') }}

with next_dose_agents as (
    select * from {{ ref('next_dose_agents') }}
),

antigen_agents as (
    select * from {{ ref('antigen_agents') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        antigen_agents.antigen,
        next_dose_agents.variant,
        next_dose_agents.agent,
        {{ normalized_label('next_dose_agents.agent') }} as agent_label,
        next_dose_agents.trade_name,
        cast(next_dose_agents.offered_from as interval) as offered_from,
        cast(next_dose_agents.offered_before as interval) as offered_before,
        next_dose_agents.sort_order,
        antigen_agents.is_live
    from next_dose_agents
    cross join school_year
    inner join antigen_agents
        on {{ normalized_label('next_dose_agents.agent') }} = {{ normalized_label('antigen_agents.agent') }}
    where
        antigen_agents.is_relevant
        and {{ holds_in(definitions_year(), 'antigen_agents') }}
)

select * from final
