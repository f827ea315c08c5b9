with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

students as (
    select * from {{ ref('students') }}
),

student_antigens as (
    select * from {{ ref('student_antigens') }}
),

goals as (
    select * from {{ ref('coverage_goals') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

goals_of_the_year as (
    select goals.*
    from goals
    cross join school_year
    where {{ holds_in('school_year.first_year', 'goals') }}
),

counts_by_phu as (
    select
        students.phu_id,
        student_antigens.age,
        student_antigens.antigen,
        count(*) as students,
        sum(case when student_antigens.is_up_to_date then 1 else 0 end) as students_up_to_date
    from student_antigens
    inner join students
        on student_antigens.client_id = students.client_id
    group by students.phu_id, student_antigens.age, student_antigens.antigen
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
        cast(coalesce(sum(counts_by_phu.students_up_to_date), 0) as bigint) as students_up_to_date
    from frame
    left join counts_by_phu
        on
            frame.age = counts_by_phu.age
            and frame.antigen = counts_by_phu.antigen
            and (frame.geography = 'province' or frame.phu_id = counts_by_phu.phu_id)
    group by frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age, frame.antigen
),

percents as (
    select
        *,
        {{ percent('students_up_to_date', 'students') }} as coverage_percent
    from counts
),

final as (
    select
        {{ build_id() }} as build_id,
        percents.school_year,
        percents.geography,
        percents.phu_id,
        percents.phu_name,
        percents.age,
        percents.antigen,
        percents.students,
        percents.students_up_to_date,
        percents.coverage_percent,
        goals.goal_percent,
        case
            when goals.goal_percent is null or percents.coverage_percent is null then null
            when percents.coverage_percent >= goals.category_5_from then 5
            when percents.coverage_percent >= goals.category_4_from then 4
            when percents.coverage_percent >= goals.category_3_from then 3
            when percents.coverage_percent >= goals.category_2_from then 2
            else 1
        end as map_category
    from percents
    left join goals_of_the_year as goals
        on
            percents.age = goals.age
            and percents.antigen = goals.antigen
)

select * from final
