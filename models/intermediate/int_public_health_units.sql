with mergers as (
    select * from {{ ref('public_health_unit_mergers') }}
),

aliases as (
    select * from {{ ref('public_health_unit_aliases') }}
),

public_health_units as (
    select * from {{ ref('public_health_units') }}
),

units_of_the_year as (
    select units.*
    from {{ ref('public_health_units') }} as units
    cross join {{ ref('int_school_year') }} as school_year
    where {{ holds_in('school_year.first_year', 'units') }}
),

-- A unit that has merged means the unit that it became part of, once that exists.
units_meant as (
    select
        phu_id as named_id,
        phu_id,
        phu_name
    from units_of_the_year
    union all
    select
        mergers.phu_id as named_id,
        units_of_the_year.phu_id,
        units_of_the_year.phu_name
    from mergers
    inner join units_of_the_year
        on mergers.merged_into = units_of_the_year.phu_id
),

names as (
    select
        phu_id,
        phu_name as written_name
    from public_health_units
    union all
    select
        phu_id,
        alias as written_name
    from aliases
),

final as (
    select
        {{ normalized_label('names.written_name') }} as public_health_unit_label,
        units_meant.phu_id,
        units_meant.phu_name,
        names.written_name
    from names
    inner join units_meant
        on names.phu_id = units_meant.named_id
)

select * from final
