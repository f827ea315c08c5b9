{{ config(alias='measures') }}

with measures_counted as (
    select * from {{ ref('int_measures') }}
    where
        geography = 'province'
        or gender = 'all'
),

coverage as (
    select * from {{ ref('coverage') }}
    where {{ is_of_this_build() }}
),

decisions as (
    select * from {{ ref('int_release_decisions') }}
),

ages_with_small_genders as (
    select * from {{ ref('int_release_genders') }}
),

assessed_genders as (
    select distinct
        age,
        antigen,
        gender as assessed_gender
    from {{ ref('int_geographies_by_antigen') }}
),

cohorts as (
    select
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        max(students) as students
    from coverage
    group by school_year, geography, phu_id, phu_name, age
),

measures as (
    select
        'students' as measure,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        cast(null as {{ dbt.type_string() }}) as antigen,
        'all' as gender,
        students,
        students as students_counted
    from cohorts
    union all
    select
        'students' as measure,
        coverage.school_year,
        coverage.geography,
        coverage.phu_id,
        coverage.phu_name,
        coverage.age,
        coverage.antigen,
        'all' as gender,
        coverage.students,
        coverage.students as students_counted
    from coverage
    inner join assessed_genders
        on
            coverage.age = assessed_genders.age
            and coverage.antigen = assessed_genders.antigen
            and assessed_genders.assessed_gender is not null
    union all
    select
        measure,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        gender,
        students,
        students_counted
    from measures_counted
),

columns_of_measures as (
    select
        measures.*,
        coalesce(measures.phu_id, 'province') as unit,
        case
            when measures.measure = 'students' and assessed_genders.assessed_gender is not null
                then concat('students/', measures.antigen)
            when measures.antigen is null then measures.measure
            when measures.measure = 'completion' then concat('coverage/', measures.antigen)
            else concat(measures.measure, '/', measures.antigen)
        end as column_name,
        case
            when assessed_genders.assessed_gender is not null then concat('students/', measures.antigen)
            else 'students'
        end as students_column_name,
        ages_with_small_genders.age is not null
        and measures.gender <> 'all'
        and assessed_genders.assessed_gender is null as is_of_small_gender,
        goals.goal_percent,
        goals.map_category
    from measures
    left join assessed_genders
        on
            measures.age = assessed_genders.age
            and measures.antigen = assessed_genders.antigen
    left join ages_with_small_genders
        on measures.age = ages_with_small_genders.age
    left join coverage as goals
        on
            measures.measure = 'coverage'
            and measures.geography = goals.geography
            and coalesce(measures.phu_id, '') = coalesce(goals.phu_id, '')
            and measures.age = goals.age
            and measures.antigen = goals.antigen
),

decided as (
    select
        measures.*,
        -- One word for all reasons: the reason would reveal something about the count.
        case when measures.is_of_small_gender or counts.withheld_reason is not null then 'withheld' end as withheld_reason,
        not measures.is_of_small_gender and students.withheld_reason is null as is_denominator_released
    from columns_of_measures as measures
    inner join decisions as counts
        on
            measures.age = counts.age
            and measures.column_name = counts.column_name
            and measures.unit = counts.unit
    inner join decisions as students
        on
            measures.age = students.age
            and measures.students_column_name = students.column_name
            and measures.unit = students.unit
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        school_year,
        measure,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        gender,
        case when is_denominator_released then students end as students,
        case when withheld_reason is null then students_counted end as students_counted,
        case when withheld_reason is null and measure <> 'students' then {{ percent('students_counted', 'students') }} end
            as {{ adapter.quote('percent') }},
        goal_percent,
        case when withheld_reason is null then map_category end as map_category,
        withheld_reason
    from decided
)

select * from final
