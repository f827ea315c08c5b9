with measures as (
    select * from {{ ref('int_measures') }}
    where measure in ('initiation', 'completion', 'unimmunized')
),

counts as (
    select
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        gender,
        students,
        max(case when measure = 'initiation' then students_counted end) as students_initiated,
        max(case when measure = 'completion' then students_counted end) as students_completed,
        max(case when measure = 'unimmunized' then students_counted end) as students_unimmunized
    from measures
    group by school_year, geography, phu_id, phu_name, age, antigen, gender, students
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        *,
        {{ percent('students_initiated', 'students') }} as initiated_percent,
        {{ percent('students_completed', 'students') }} as completed_percent,
        {{ percent('students_unimmunized', 'students') }} as unimmunized_percent
    from counts
)

select * from final
