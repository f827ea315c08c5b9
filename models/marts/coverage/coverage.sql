with measures as (
    select * from {{ ref('int_measures') }}
    where measure = 'coverage'
),

goals as (
    select * from {{ ref('coverage_goals') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

goals_of_the_year as (
    select goals.*
    from goals
    cross join school_year
    where {{ holds_in(definitions_year(), 'goals') }}
),

percents as (
    select
        *,
        {{ percent('students_counted', 'students') }} as coverage_percent
    from measures
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        percents.school_year,
        percents.geography,
        percents.phu_id,
        percents.phu_name,
        percents.age,
        percents.antigen,
        percents.students,
        percents.students_counted as students_up_to_date,
        percents.coverage_percent,
        goals.goal_percent,
        case
            when goals.goal_percent is null or percents.coverage_percent is null then null
            when percents.coverage_percent >= goals.category_5_from then 5
            when percents.coverage_percent >= goals.category_4_from then 4
            when percents.coverage_percent >= goals.category_3_from then 3
            when percents.coverage_percent >= goals.category_2_from then 2
            else 1
        end as map_category
    from percents
    left join goals_of_the_year as goals
        on
            percents.age = goals.age
            and percents.antigen = goals.antigen
)

select * from final
