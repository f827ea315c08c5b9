{{ config(alias='exemptions') }}

with measures as (
    select * from {{ ref('int_measures') }}
    where measure in ('medical_exemption', 'nonmedical_exemption')
),

counts as (
    select
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        students,
        max(case when measure = 'medical_exemption' then students_counted end) as students_medical,
        max(case when measure = 'nonmedical_exemption' then students_counted end) as students_nonmedical
    from measures
    group by school_year, geography, phu_id, phu_name, age, antigen, students
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
