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

eligible_cohorts as (
    select coverage.*
    from coverage
    inner join assessed_genders
        on
            coverage.age = assessed_genders.age
            and coverage.antigen = assessed_genders.antigen
            and assessed_genders.assessed_gender is not null
),

series_by_gender as (
    select * from series_uptake
    where
        geography = 'province'
        or gender = 'all'
),

measures as (
    {{ measure_rows('students', 'cohorts', 'students', has_antigen=false) }}
    union all
    {{ measure_rows('students', 'eligible_cohorts', 'students') }}
    union all
    {{ measure_rows('coverage', 'coverage', 'students_up_to_date', has_goal=true) }}
    union all
    {{ measure_rows('coverage_all_ispa', 'coverage_all_ispa', 'students_up_to_date', has_antigen=false) }}
    union all
    {{ measure_rows('completion', 'series_by_gender', 'students_completed', has_gender=true) }}
    union all
    {{ measure_rows('initiation', 'series_by_gender', 'students_initiated', has_gender=true) }}
    union all
    {{ measure_rows('unimmunized', 'series_by_gender', 'students_unimmunized', has_gender=true) }}
    union all
    {{ measure_rows('medical_exemption', 'exemptions', 'students_medical') }}
    union all
    {{ measure_rows('medical_exemption_any_ispa', 'exemptions_any_ispa', 'students_medical', has_antigen=false) }}
    union all
    {{ measure_rows('nonmedical_exemption', 'exemptions', 'students_nonmedical') }}
    union all
    {{ measure_rows('nonmedical_exemption_any_ispa', 'exemptions_any_ispa', 'students_nonmedical', has_antigen=false) }}
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
        -- One word for every reason: which it is would tell what the count may be.
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
