with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

near_misses as (
    select * from {{ ref('int_near_misses') }}
),

-- With a grace period of 0 days there are no rows.
days as (
    select days_of_grace.days_short
    from (
        values
        {%- for day in range(var('grace_days') | int + 1) %}
        ({{ day }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as days_of_grace (days_short)
    where days_of_grace.days_short > 0
),

-- A dose that is early on several schedules counts once, with the fewest days.
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

frame_by_day as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        days.days_short
    from frame
    cross join days
),

counts as (
    {{ rolled_up(
        'counts_by_phu', units=ref('int_geography_units'), frame='frame_by_day', by=['age', 'antigen', 'days_short'],
        sums=['doses']
    ) }}
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        *
    from counts
)

select * from final
