with measures as (
    select * from {{ ref('int_measures') }}
    where measure in ('medical_exemption_any_ispa', 'nonmedical_exemption_any_ispa')
),

counts as (
    select
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        students,
        max(case when measure = 'medical_exemption_any_ispa' then students_counted end) as students_medical,
        max(case when measure = 'nonmedical_exemption_any_ispa' then students_counted end) as students_nonmedical
    from measures
    group by school_year, geography, phu_id, phu_name, age, students
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        *,
        {{ percent('students_medical', 'students') }} as medical_percent,
        {{ percent('students_nonmedical', 'students') }} as nonmedical_percent
    from counts
)

select * from final
