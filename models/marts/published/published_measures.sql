{{ config(alias='measures') }}

with coverage as (
    select * from {{ ref('coverage') }}
),

coverage_all_ispa as (
    select * from {{ ref('coverage_all_ispa') }}
),

series_uptake as (
    select * from {{ ref('series_uptake') }}
),

exemptions as (
    select * from {{ ref('exemptions_by_antigen') }}
),

exemptions_any_ispa as (
    select * from {{ ref('exemptions_any_ispa') }}
),

decisions as (
    select * from {{ ref('int_release_decisions') }}
),

threshold as (
    select {{ suppress_below() }} as suppress_below
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
        students as students_counted,
        cast(null as double) as goal_percent,
        cast(null as int) as map_category
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
        coverage.students as students_counted,
        cast(null as double) as goal_percent,
        cast(null as int) as map_category
    from coverage
    inner join assessed_genders
        on
            coverage.age = assessed_genders.age
            and coverage.antigen = assessed_genders.antigen
            and assessed_genders.assessed_gender is not null
    union all
    select
        'coverage' as measure,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        'all' as gender,
        students,
        students_up_to_date as students_counted,
        goal_percent,
        map_category
    from coverage
    union all
    select
        'coverage_all_ispa' as measure,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        cast(null as {{ dbt.type_string() }}) as antigen,
        'all' as gender,
        students,
        students_up_to_date as students_counted,
        cast(null as double) as goal_percent,
        cast(null as int) as map_category
    from coverage_all_ispa
    {%- for measure, column in {
        'completion': 'students_completed', 'initiation': 'students_initiated', 'unimmunized': 'students_unimmunized'
    }.items() %}
    union all
    select
        '{{ measure }}' as measure,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        gender,
        students,
        {{ column }} as students_counted,
        cast(null as double) as goal_percent,
        cast(null as int) as map_category
    from series_uptake
    where
        geography = 'province'
        or gender = 'all'
    {%- endfor %}
    {%- for measure, column in {
        'medical_exemption': 'students_medical', 'nonmedical_exemption': 'students_nonmedical'
    }.items() %}
    union all
    select
        '{{ measure }}' as measure,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        'all' as gender,
        students,
        {{ column }} as students_counted,
        cast(null as double) as goal_percent,
        cast(null as int) as map_category
    from exemptions
    union all
    select
        '{{ measure }}_any_ispa' as measure,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        cast(null as {{ dbt.type_string() }}) as antigen,
        'all' as gender,
        students,
        {{ column }} as students_counted,
        cast(null as double) as goal_percent,
        cast(null as int) as map_category
    from exemptions_any_ispa
    {%- endfor %}
),

-- What is left of the province's students when those of both genders are taken away is a group too, if nobody prints it.
genders_of_the_province as (
    select
        age,
        antigen,
        gender,
        students,
        students_initiated,
        students_completed,
        students_unimmunized
    from series_uptake
    where
        geography = 'province'
        and gender <> 'all'
    union all
    select
        age,
        antigen,
        'other' as gender,
        sum(case when gender = 'all' then students else -students end) as students,
        sum(case when gender = 'all' then students_initiated else -students_initiated end) as students_initiated,
        sum(case when gender = 'all' then students_completed else -students_completed end) as students_completed,
        sum(case when gender = 'all' then students_unimmunized else -students_unimmunized end) as students_unimmunized
    from series_uptake
    where geography = 'province'
    group by age, antigen
),

counts_of_genders as (
    {%- for count in [
        'students', 'students_completed', 'students - students_completed', 'students_initiated - students_completed',
        'students - students_initiated', 'students_unimmunized', 'students - students_initiated - students_unimmunized'
    ] %}
    select
        genders.age,
        abs(genders.{{ count | replace(' students', ' genders.students') }}) as counted
    from genders_of_the_province as genders
    inner join assessed_genders
        on
            genders.age = assessed_genders.age
            and genders.antigen = assessed_genders.antigen
            and assessed_genders.assessed_gender is null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

ages_with_small_genders as (
    select distinct counts_of_genders.age
    from counts_of_genders
    cross join threshold
    where
        counts_of_genders.counted > 0
        and counts_of_genders.counted < threshold.suppress_below
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
        and assessed_genders.assessed_gender is null as is_of_small_gender
    from measures
    left join assessed_genders
        on
            measures.age = assessed_genders.age
            and measures.antigen = assessed_genders.antigen
    left join ages_with_small_genders
        on measures.age = ages_with_small_genders.age
),

decided as (
    select
        measures.*,
        case when measures.is_of_small_gender then 'small_gender' else counts.withheld_reason end as withheld_reason,
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
