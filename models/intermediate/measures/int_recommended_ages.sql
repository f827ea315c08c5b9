{#- A view: files have no type for periods. -#}
{{ config(materialized='view') }}

with recommended_ages as (
    select * from {{ ref('recommended_ages') }}
),

final as (
    select
        antigen,
        schedule,
        dose_number,
        recommended_at,
        {{ as_period('age_from') }} as age_from,
        {{ as_period('age_before') }} as age_before
    from recommended_ages
)

select * from final
