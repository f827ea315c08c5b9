{{ config(alias='antigen_definitions') }}

with final as (
    select * from {{ ref('antigen_definitions') }}
)

select * from final
