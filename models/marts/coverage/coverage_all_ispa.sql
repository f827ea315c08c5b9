with frame as (
    select distinct
        school_year,
        geography,
        phu_id,
        phu_name,
        age
    from {{ ref('int_geographies_by_antigen') }}
    where is_in_all_ispa_coverage
),

ispa_antigens as (
    select distinct
        age,
        antigen
    from {{ ref('int_geographies_by_antigen') }}
    where is_in_all_ispa_coverage
),

students as (
    select * from {{ ref('students') }}
),

student_antigens as (
    select * from {{ ref('student_antigens') }}
),

assessed_students as (
    select
        student_antigens.client_id,
        student_antigens.age,
        min(case when student_antigens.is_up_to_date then 1 else 0 end) as is_up_to_date_for_all
    from student_antigens
    inner join ispa_antigens
        on
            student_antigens.age = ispa_antigens.age
            and student_antigens.antigen = ispa_antigens.antigen
    group by student_antigens.client_id, student_antigens.age
),

counts_by_phu as (
    select
        students.phu_id,
        assessed_students.age,
        count(*) as students,
        sum(assessed_students.is_up_to_date_for_all) as students_up_to_date
    from assessed_students
    inner join students
        on assessed_students.client_id = students.client_id
    group by students.phu_id, assessed_students.age
),

counts as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        cast(coalesce(sum(counts_by_phu.students), 0) as bigint) as students,
        cast(coalesce(sum(counts_by_phu.students_up_to_date), 0) as bigint) as students_up_to_date
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
        {{ percent('students_up_to_date', 'students') }} as coverage_percent
    from counts
)

select * from final
