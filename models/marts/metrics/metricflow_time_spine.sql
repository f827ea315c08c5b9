{{ config(schema='intermediate', contract={'enforced': false}) }}

with days as (
    {{ dbt.date_spine('day', "cast('2013-09-01' as date)", "cast('2026-09-01' as date)") }}
),

final as (
    select cast(date_day as date) as date_day
    from days
)

select * from final
