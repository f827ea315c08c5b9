with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

near_misses as (
    select * from {{ ref('int_near_misses') }}
),

-- Without a grace period there is no day.
days as (
    select days_of_grace.days_short
    from (
        values
        {%- for day in range(grace_days() + 1) %}
        ({{ day }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as days_of_grace (days_short)
    where days_of_grace.days_short > 0
),

-- A dose can be early on several schedules; it is one dose, as early as on the nearest.
doses as (
    select
        phu_id,
        age,
        antigen,
        student_key,
        administered_date,
        min(days_short) as days_short
    from near_misses
    group by phu_id, age, antigen, student_key, administered_date
),

counts_by_phu as (
    select
        phu_id,
        age,
        antigen,
        days_short,
        count(*) as doses
    from doses
    group by phu_id, age, antigen, days_short
),

final as (
    select
        {{ build_id() }} as build_id,
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        days.days_short,
        cast(coalesce(sum(counts_by_phu.doses), 0) as bigint) as doses
    from frame
    cross join days
    left join counts_by_phu
        on
            frame.age = counts_by_phu.age
            and frame.antigen = counts_by_phu.antigen
            and days.days_short = counts_by_phu.days_short
            and (frame.geography = 'province' or frame.phu_id = counts_by_phu.phu_id)
    group by
        frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age, frame.antigen, days.days_short
)

select * from final
