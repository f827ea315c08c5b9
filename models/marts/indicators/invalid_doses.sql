with frame as (
    select
        *,
        coalesce(phu_id, 'province') as place
    from {{ ref('int_geographies_by_antigen') }}
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

doses_by_place as (
    select
        phu_id as place,
        age,
        antigen,
        year_given,
        doses
    from doses_by_year
    union all
    select
        'province' as place,
        age,
        antigen,
        year_given,
        sum(doses) as doses
    from doses_by_year
    group by age, antigen, year_given
),

invalid_doses_by_place as (
    select
        phu_id as place,
        age,
        antigen,
        year_given,
        reason,
        doses
    from invalid_doses
    union all
    select
        'province' as place,
        age,
        antigen,
        year_given,
        reason,
        sum(doses) as doses
    from invalid_doses
    group by age, antigen, year_given, reason
),

-- By place and not by "the province, or the unit": with a row for each year and reason, every pair of them would be looked at.
counts as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        years.year_given,
        reasons_found.reason,
        cast(coalesce(doses_by_place.doses, 0) as bigint) as doses,
        cast(coalesce(invalid_doses_by_place.doses, 0) as bigint) as doses_refused
    from frame
    inner join years
        on
            frame.age = years.age
            and frame.antigen = years.antigen
    inner join reasons_found
        on
            frame.age = reasons_found.age
            and frame.antigen = reasons_found.antigen
    left join doses_by_place
        on
            frame.place = doses_by_place.place
            and years.age = doses_by_place.age
            and years.antigen = doses_by_place.antigen
            and years.year_given = doses_by_place.year_given
    left join invalid_doses_by_place
        on
            frame.place = invalid_doses_by_place.place
            and years.age = invalid_doses_by_place.age
            and years.antigen = invalid_doses_by_place.antigen
            and years.year_given = invalid_doses_by_place.year_given
            and reasons_found.reason = invalid_doses_by_place.reason
),

final as (
    select
        {{ build_id() }} as build_id,
        *,
        {{ percent('doses_refused', 'doses') }} as refused_percent
    from counts
)

select * from final
