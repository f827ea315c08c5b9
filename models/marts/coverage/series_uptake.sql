with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
    where has_series_uptake
),

students as (
    select * from {{ ref('students') }}
),

student_antigens as (
    select * from {{ ref('student_antigens') }}
),

genders as (
    select 'all' as gender
    union all
    select 'F' as gender
    union all
    select 'M' as gender
),

frame_by_gender as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        genders.gender
    from frame
    cross join genders
    where
        frame.gender is null
        or genders.gender in ('all', frame.gender)
),

counts_by_phu as (
    select
        students.phu_id,
        students.gender,
        student_antigens.age,
        student_antigens.antigen,
        count(*) as students,
        sum(case when student_antigens.has_valid_dose then 1 else 0 end) as students_initiated,
        sum(case when student_antigens.is_up_to_date then 1 else 0 end) as students_completed,
        sum(case when student_antigens.has_any_dose then 0 else 1 end) as students_unimmunized
    from student_antigens
    inner join students
        on student_antigens.client_id = students.client_id
    group by students.phu_id, students.gender, student_antigens.age, student_antigens.antigen
),

counts as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        frame.gender,
        cast(coalesce(sum(counts_by_phu.students), 0) as bigint) as students,
        cast(coalesce(sum(counts_by_phu.students_initiated), 0) as bigint) as students_initiated,
        cast(coalesce(sum(counts_by_phu.students_completed), 0) as bigint) as students_completed,
        cast(coalesce(sum(counts_by_phu.students_unimmunized), 0) as bigint) as students_unimmunized
    from frame_by_gender as frame
    left join counts_by_phu
        on
            frame.age = counts_by_phu.age
            and frame.antigen = counts_by_phu.antigen
            and (frame.geography = 'province' or frame.phu_id = counts_by_phu.phu_id)
            and (frame.gender = 'all' or frame.gender = counts_by_phu.gender)
    group by
        frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age, frame.antigen, frame.gender
),

final as (
    select
        {{ build_id() }} as build_id,
        *,
        {{ percent('students_initiated', 'students') }} as initiated_percent,
        {{ percent('students_completed', 'students') }} as completed_percent,
        {{ percent('students_unimmunized', 'students') }} as unimmunized_percent
    from counts
)

select * from final
