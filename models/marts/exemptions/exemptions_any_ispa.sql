-- The annex gives exemptions to any ISPA disease at the ages of its all-ISPA coverage.
with ages as (
    select distinct age
    from {{ ref('int_geographies_by_antigen') }}
    where is_in_all_ispa_coverage
),

frame as (
    select distinct
        geographies.school_year,
        geographies.geography,
        geographies.phu_id,
        geographies.phu_name,
        geographies.age
    from {{ ref('int_geographies_by_antigen') }} as geographies
    inner join ages
        on geographies.age = ages.age
),

students as (
    select * from {{ ref('students') }}
),

student_exemptions as (
    select * from {{ ref('student_exemptions') }}
),

exempt_students as (
    select
        client_id,
        age,
        max(case when has_medical_exemption then 1 else 0 end) as is_medical,
        max(case when has_nonmedical_exemption then 1 else 0 end) as is_nonmedical
    from student_exemptions
    group by client_id, age
),

counts_by_phu as (
    select
        students.phu_id,
        exempt_students.age,
        count(*) as students,
        sum(exempt_students.is_medical) as students_medical,
        sum(exempt_students.is_nonmedical) as students_nonmedical
    from exempt_students
    inner join students
        on exempt_students.client_id = students.client_id
    group by students.phu_id, exempt_students.age
),

counts as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        cast(coalesce(sum(counts_by_phu.students), 0) as bigint) as students,
        cast(coalesce(sum(counts_by_phu.students_medical), 0) as bigint) as students_medical,
        cast(coalesce(sum(counts_by_phu.students_nonmedical), 0) as bigint) as students_nonmedical
    from frame
    left join counts_by_phu
        on
            frame.age = counts_by_phu.age
            and (frame.geography = 'province' or frame.phu_id = counts_by_phu.phu_id)
    group by frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age
),

final as (
    select
        {{ build_id() }} as build_id,
        *,
        {{ percent('students_medical', 'students') }} as medical_percent,
        {{ percent('students_nonmedical', 'students') }} as nonmedical_percent
    from counts
)

select * from final
