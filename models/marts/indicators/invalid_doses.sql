with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

doses_by_year as (
    select * from {{ ref('int_doses_by_year_given') }}
),

invalid_doses as (
    select * from {{ ref('int_invalid_doses') }}
),

years as (
    select distinct
        age,
        antigen,
        year_given
    from doses_by_year
),

reasons_found as (
    select distinct
        age,
        antigen,
        reason
    from invalid_doses
),

frame_by_year as (
    select
        frame.*,
        years.year_given
    from frame
    inner join years
        on
            frame.age = years.age
            and frame.antigen = years.antigen
),

doses_given as (
    {{ rolled_up(
        'doses_by_year', units=ref('int_geography_units'), frame='frame_by_year', by=['age', 'antigen', 'year_given'],
        sums=['doses']
    ) }}
),

frame_by_reason as (
    select
        doses_given.*,
        reasons_found.reason
    from doses_given
    inner join reasons_found
        on
            doses_given.age = reasons_found.age
            and doses_given.antigen = reasons_found.antigen
),

invalid_doses_by_phu as (
    select
        phu_id,
        age,
        antigen,
        year_given,
        reason,
        doses as doses_refused
    from invalid_doses
),

counts as (
    {{ rolled_up(
        'invalid_doses_by_phu', units=ref('int_geography_units'), frame='frame_by_reason',
        by=['age', 'antigen', 'year_given', 'reason'], sums=['doses_refused']
    ) }}
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        year_given,
        reason,
        doses,
        doses_refused,
        {{ percent('doses_refused', 'doses') }} as refused_percent
    from counts
)

select * from final
