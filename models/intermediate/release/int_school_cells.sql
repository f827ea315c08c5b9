-- A cell is one count of one school; its base is the count that is its denominator.
with frame as (
    select distinct
        age,
        antigen,
        is_in_dtp,
        gender is not null as is_of_one_gender
    from {{ ref('int_geographies_by_antigen') }}
),

students_by_status as (
    select * from {{ ref('int_students_by_status') }}
),

students_without_doses as (
    select * from {{ ref('int_students_without_doses') }}
),

coverage as (
    select
        students_by_status.phu_id,
        students_by_status.school_id,
        students_by_status.age,
        students_by_status.antigen,
        frame.is_in_dtp,
        frame.is_of_one_gender,
        cast(sum(students_by_status.students) as bigint) as students,
        cast(sum(case when students_by_status.status = 'up_to_date' then students_by_status.students else 0 end) as bigint)
            as students_up_to_date
    from students_by_status
    inner join frame
        on
            students_by_status.age = frame.age
            and students_by_status.antigen = frame.antigen
    group by
        students_by_status.phu_id, students_by_status.school_id, students_by_status.age, students_by_status.antigen,
        frame.is_in_dtp, frame.is_of_one_gender
),

-- A school without girls has no row of coverage, so this zero is shown.
students_of_one_gender as (
    select
        coverage.phu_id,
        coverage.school_id,
        coverage.age,
        coverage.antigen,
        coverage.students as counted,
        students_without_doses.students as base
    from coverage
    inner join students_without_doses
        on
            coverage.phu_id = students_without_doses.phu_id
            and coverage.school_id = students_without_doses.school_id
            and coverage.age = students_without_doses.age
    where coverage.is_of_one_gender
),

final as (
    select
        phu_id,
        school_id,
        age,
        'students' as column_name,
        0 as release_level,
        cast(null as {{ dbt.type_string() }}) as parent_name,
        cast(null as {{ dbt.type_string() }}) as limited_by,
        students as counted,
        cast(null as bigint) as base
    from students_without_doses
    union all
    select
        phu_id,
        school_id,
        age,
        concat('students/', antigen) as column_name,
        1 as release_level,
        'students' as parent_name,
        cast(null as {{ dbt.type_string() }}) as limited_by,
        counted,
        base
    from students_of_one_gender
    union all
    select
        phu_id,
        school_id,
        age,
        concat('coverage/', antigen) as column_name,
        case
            when is_of_one_gender or is_in_dtp then 2 else 1
        end as release_level,
        case when is_of_one_gender then concat('students/', antigen) else 'students' end as parent_name,
        case when is_in_dtp then 'without_dtp' end as limited_by,
        students_up_to_date as counted,
        students as base
    from coverage
    union all
    select
        phu_id,
        school_id,
        age,
        'without_dtp' as column_name,
        1 as release_level,
        'students' as parent_name,
        cast(null as {{ dbt.type_string() }}) as limited_by,
        students_without_dtp as counted,
        students as base
    from students_without_doses
    union all
    select
        phu_id,
        school_id,
        age,
        'without_dose' as column_name,
        2 as release_level,
        'without_dtp' as parent_name,
        cast(null as {{ dbt.type_string() }}) as limited_by,
        students_without_dose as counted,
        students_without_dtp as base
    from students_without_doses
)

select * from final
