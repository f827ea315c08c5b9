with public_health_units as (
    select * from {{ ref('public_health_units') }}
),

aliases as (
    select * from {{ ref('public_health_unit_aliases') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

units_of_the_year as (
    select
        public_health_units.phu_id,
        public_health_units.phu_name
    from public_health_units
    cross join school_year
    where {{ holds_in('school_year.first_year', 'public_health_units') }}
),

names as (
    select
        phu_id,
        phu_name,
        phu_name as written_name
    from units_of_the_year
    union all
    select
        units_of_the_year.phu_id,
        units_of_the_year.phu_name,
        aliases.alias as written_name
    from aliases
    inner join units_of_the_year
        on aliases.phu_id = units_of_the_year.phu_id
),

final as (
    select
        {{ normalized_label('written_name') }} as public_health_unit_label,
        phu_id,
        phu_name,
        written_name
    from names
)

select * from final
