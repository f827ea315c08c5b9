{{ config(materialized='view') }}

with final as (
    select * from {{ ref('base_panorama__clients_surplus') }}
    union all
    select * from {{ ref('base_panorama__schools_surplus') }}
    union all
    select * from {{ ref('base_panorama__education_records_surplus') }}
    union all
    select * from {{ ref('base_panorama__immunizations_surplus') }}
    union all
    select * from {{ ref('base_panorama__exemptions_surplus') }}
)

select * from final
