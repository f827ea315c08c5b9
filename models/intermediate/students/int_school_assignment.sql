with students as (
    select * from {{ ref('int_students') }}
),

records as (
    select * from {{ ref('int_education_records_ranked') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

ages as (
    select distinct age
    from {{ ref('assessed_antigens') }}
),

names as (
    {%- for name in ['single_record', 'attended_june_30', 'age_appropriate_school', 'longest_attendance', 'tie_break'] %}
    select
        'decision' as kind,
        '{{ name }}' as name
    union all
    {%- endfor %}
    select
        'dropped' as kind,
        reason as name
    from {{ ref('drop_reasons') }}
),

frame as (
    select
        ages.age,
        names.kind,
        names.name
    from ages
    cross join names
),

records_by_student as (
    select
        student_key,
        count(*) as records
    from records
    where dropped_reason is null
    group by student_key
),

decisions as (
    select
        students.age,
        students.assignment_decision as name,
        count(*) as students,
        sum(records_by_student.records) as records
    from students
    inner join records_by_student
        on students.student_key = records_by_student.student_key
    group by students.age, students.assignment_decision
),

dropped as (
    select
        age,
        dropped_reason as name,
        count(*) as records
    from records
    where dropped_reason is not null
    group by age, dropped_reason
),

students_by_age as (
    select
        age,
        count(*) as students
    from students
    group by age
),

records_by_age as (
    select
        age,
        count(*) as records
    from records
    group by age
),

final as (
    select
        school_year.school_year,
        frame.age,
        frame.kind,
        frame.name,
        case when frame.kind = 'decision' then cast(coalesce(decisions.students, 0) as bigint) end as students,
        cast(coalesce(decisions.records, dropped.records, 0) as bigint) as records,
        case
            when frame.kind = 'decision'
                then {{ percent('coalesce(decisions.students, 0)', 'students_by_age.students') }}
            else {{ percent('coalesce(dropped.records, 0)', 'records_by_age.records') }}
        end as percent
    from frame
    cross join school_year
    left join decisions
        on
            frame.kind = 'decision'
            and frame.age = decisions.age
            and frame.name = decisions.name
    left join dropped
        on
            frame.kind = 'dropped'
            and frame.age = dropped.age
            and frame.name = dropped.name
    left join students_by_age
        on frame.age = students_by_age.age
    left join records_by_age
        on frame.age = records_by_age.age
)

select * from final
