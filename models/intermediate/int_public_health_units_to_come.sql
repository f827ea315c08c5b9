with public_health_units as (
    select * from {{ ref('public_health_units') }}
),

mergers as (
    select * from {{ ref('public_health_unit_mergers') }}
),

aliases as (
    select * from {{ ref('public_health_unit_aliases') }}
),

school_years as (
    select * from {{ ref('school_years') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

units_of_the_year as (
    select units.*
    from {{ ref('public_health_units') }} as units
    cross join {{ ref('int_school_year') }} as school_year
    where {{ holds_in('school_year.first_year', 'units') }}
),

parts as (
    select
        mergers.merged_into as phu_id,
        {{ joined_texts('units_of_the_year.phu_name', ', ', 'units_of_the_year.phu_name') }} as parts
    from mergers
    inner join units_of_the_year
        on mergers.phu_id = units_of_the_year.phu_id
    group by mergers.merged_into
),

units_to_come as (
    select
        public_health_units.phu_id,
        public_health_units.phu_name,
        public_health_units.school_year_from,
        parts.parts
    from public_health_units
    cross join school_year
    left join parts
        on public_health_units.phu_id = parts.phu_id
    where public_health_units.school_year_from > school_year.first_year
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
        units_to_come.phu_id,
        units_to_come.phu_name,
        coalesce(school_years.school_year, cast(units_to_come.school_year_from as {{ dbt.type_string() }})) as first_school_year,
        units_to_come.parts
    from names
    inner join units_to_come
        on names.phu_id = units_to_come.phu_id
    left join school_years
        on units_to_come.school_year_from = school_years.first_year
)

select * from final
