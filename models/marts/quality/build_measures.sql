{{ config(incremental_strategy='append') }}

with students as (
    select * from {{ ref('int_students') }}
),

coverage as (
    select * from {{ ref('coverage') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

measures as (
    select
        age,
        cast(null as {{ dbt.type_string() }}) as antigen,
        count(*) as students,
        cast(null as bigint) as students_up_to_date
    from students
    group by age
    union all
    select
        age,
        antigen,
        students,
        students_up_to_date
    from coverage
    where
        geography = 'province'
        and build_id = {{ build_id() }}
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp) as built_at,
        school_year.school_year,
        '{{ var("education_record_window") }}' as education_record_window,
        '{{ var("recorded_by") }}' as recorded_by,
        measures.age,
        measures.antigen,
        cast(measures.students as bigint) as students,
        cast(measures.students_up_to_date as bigint) as students_up_to_date
    from measures
    cross join school_year
)

select * from final
