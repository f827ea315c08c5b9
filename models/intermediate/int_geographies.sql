with public_health_units as (
    select distinct
        phu_id,
        phu_name
    from {{ ref('int_public_health_units') }}
),

final as (
    select
        'province' as geography,
        cast(null as {{ dbt.type_string() }}) as phu_id,
        cast(null as {{ dbt.type_string() }}) as phu_name
    union all
    select
        'phu' as geography,
        phu_id,
        phu_name
    from public_health_units
)

select * from final
