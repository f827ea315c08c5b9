with geographies as (
    select * from {{ ref('int_geographies') }}
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
        geographies.geography,
        geographies.phu_id,
        geographies.phu_name,
        doses_by_channel.age,
        doses_by_channel.channel,
        doses_by_channel.is_of_school_year,
        doses_by_channel.delay,
        cast(sum(doses_by_channel.doses) as bigint) as doses
    from geographies
    cross join school_year
    inner join doses_by_channel
        on geographies.geography = 'province' or geographies.phu_id = doses_by_channel.phu_id
    group by
        school_year.school_year, geographies.geography, geographies.phu_id, geographies.phu_name, doses_by_channel.age,
        doses_by_channel.channel, doses_by_channel.is_of_school_year, doses_by_channel.delay
),

final as (
    select
        {{ build_id() }} as build_id,
        *,
        {{ percent('doses', 'sum(doses) over (partition by geography, phu_id, age)') }} as doses_percent
    from counts
)

select * from final
