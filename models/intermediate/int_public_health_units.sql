-- Names of public health units in the school year. A unit that has merged means the unit that it became, once that exists.
{%- set most_mergers = 3 %}
with public_health_units as (
    select * from {{ ref('public_health_units') }}
),

mergers as (
    select * from {{ ref('public_health_unit_mergers') }}
),

aliases as (
    select * from {{ ref('public_health_unit_aliases') }}
),

units_of_the_year as (
    {{ rules_in_force(ref('public_health_units'), ref('int_school_year')) }}
),

became_0 as (
    select
        phu_id,
        phu_id as unit_id
    from public_health_units
),

{%- for merger in range(1, most_mergers + 1) %}

became_{{ merger }} as (
    select
        became.phu_id,
        case when units_of_the_year.phu_id is null then mergers.merged_into else became.unit_id end as unit_id
    from became_{{ merger - 1 }} as became
    left join units_of_the_year
        on became.unit_id = units_of_the_year.phu_id
    left join mergers
        on became.unit_id = mergers.phu_id
),
{%- endfor %}

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
        units_of_the_year.phu_id,
        units_of_the_year.phu_name,
        names.written_name
    from names
    inner join became_{{ most_mergers }} as became
        on names.phu_id = became.phu_id
    inner join units_of_the_year
        on became.unit_id = units_of_the_year.phu_id
)

select * from final
