with public_health_units as (
    select distinct
        phu_id,
        phu_name
    from {{ ref('int_public_health_units') }}
),

geography_groups as (
    select * from {{ ref('geography_groups') }}
),

final as (
    select
        'province' as geography,
        cast(null as {{ dbt.type_string() }}) as phu_id,
        cast(null as {{ dbt.type_string() }}) as phu_name,
        phu_id as unit_id
    from public_health_units
    union all
    select
        'phu' as geography,
        phu_id,
        phu_name,
        phu_id as unit_id
    from public_health_units
    union all
    select
        geography_groups.geography,
        geography_groups.group_id as phu_id,
        geography_groups.group_name as phu_name,
        geography_groups.phu_id as unit_id
    from geography_groups
    inner join public_health_units
        on geography_groups.phu_id = public_health_units.phu_id
)

select * from final
