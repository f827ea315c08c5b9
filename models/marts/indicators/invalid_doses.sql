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

given as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        years.year_given,
        coalesce(sum(doses_by_year.doses), 0) as doses
    from frame
    inner join years
        on
            frame.age = years.age
            and frame.antigen = years.antigen
    left join doses_by_year
        on
            years.age = doses_by_year.age
            and years.antigen = doses_by_year.antigen
            and years.year_given = doses_by_year.year_given
            and (frame.geography = 'province' or frame.phu_id = doses_by_year.phu_id)
    group by
        frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age, frame.antigen, years.year_given
),

counts as (
    select
        given.school_year,
        given.geography,
        given.phu_id,
        given.phu_name,
        given.age,
        given.antigen,
        given.year_given,
        reasons_found.reason,
        cast(given.doses as bigint) as doses,
        cast(coalesce(sum(invalid_doses.doses), 0) as bigint) as doses_refused
    from given
    inner join reasons_found
        on
            given.age = reasons_found.age
            and given.antigen = reasons_found.antigen
    left join invalid_doses
        on
            given.age = invalid_doses.age
            and given.antigen = invalid_doses.antigen
            and given.year_given = invalid_doses.year_given
            and reasons_found.reason = invalid_doses.reason
            and (given.geography = 'province' or given.phu_id = invalid_doses.phu_id)
    group by
        given.school_year, given.geography, given.phu_id, given.phu_name, given.age, given.antigen, given.year_given,
        reasons_found.reason, given.doses
),

final as (
    select
        {{ build_id() }} as build_id,
        *,
        {{ percent('doses_refused', 'doses') }} as refused_percent
    from counts
)

select * from final
