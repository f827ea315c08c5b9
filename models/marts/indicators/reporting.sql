with geography_units as (
    select * from {{ ref('int_geography_units') }}
),

doses_by_channel as (
    select * from {{ ref('int_doses_by_channel') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

counts as (
    select
        school_year.school_year,
        geography_units.geography,
        geography_units.phu_id,
        geography_units.phu_name,
        doses_by_channel.age,
        doses_by_channel.channel,
        doses_by_channel.is_of_school_year,
        doses_by_channel.delay,
        cast(sum(doses_by_channel.doses) as bigint) as doses
    from geography_units
    cross join school_year
    inner join doses_by_channel
        on geography_units.unit_id = doses_by_channel.phu_id
    group by
        school_year.school_year, geography_units.geography, geography_units.phu_id, geography_units.phu_name,
        doses_by_channel.age, doses_by_channel.channel, doses_by_channel.is_of_school_year, doses_by_channel.delay
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        *,
        {{ percent('doses', 'sum(doses) over (partition by geography, phu_id, age)') }} as doses_percent
    from counts
)

select * from final
