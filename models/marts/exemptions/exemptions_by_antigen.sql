{{ config(alias='exemptions') }}

with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
    where is_exemption_applicable
),

students as (
    select * from {{ ref('students') }}
),

student_exemptions as (
    select * from {{ ref('student_exemptions') }}
),

counts_by_phu as (
    select
        students.phu_id,
        student_exemptions.age,
        student_exemptions.antigen,
        count(*) as students,
        sum(case when student_exemptions.has_medical_exemption then 1 else 0 end) as students_medical,
        sum(case when student_exemptions.has_nonmedical_exemption then 1 else 0 end) as students_nonmedical
    from student_exemptions
    inner join students
        on student_exemptions.client_id = students.client_id
    group by students.phu_id, student_exemptions.age, student_exemptions.antigen
),

counts as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        cast(coalesce(sum(counts_by_phu.students), 0) as bigint) as students,
        cast(coalesce(sum(counts_by_phu.students_medical), 0) as bigint) as students_medical,
        cast(coalesce(sum(counts_by_phu.students_nonmedical), 0) as bigint) as students_nonmedical
    from frame
    left join counts_by_phu
        on
            frame.age = counts_by_phu.age
            and frame.antigen = counts_by_phu.antigen
            and (frame.geography = 'province' or frame.phu_id = counts_by_phu.phu_id)
    group by frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age, frame.antigen
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
