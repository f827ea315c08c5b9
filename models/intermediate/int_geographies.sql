with geography_units as (
    select * from {{ ref('int_geography_units') }}
),

final as (
    select distinct
        geography,
        phu_id,
        phu_name
    from geography_units
)

select * from final
