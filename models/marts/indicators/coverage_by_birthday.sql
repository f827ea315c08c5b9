with coverage as (
    select * from {{ ref('coverage') }}
),

birthday_doses as (
    select * from {{ ref('birthday_doses') }}
),

up_to_date_by_birthday as (
    select * from {{ ref('int_up_to_date_by_birthday') }}
),

counts as (
    select
        coverage.school_year,
        coverage.geography,
        coverage.phu_id,
        coverage.phu_name,
        coverage.age,
        coverage.antigen,
        birthday_doses.birthday,
        birthday_doses.valid_doses as doses_asked,
        coverage.students,
        cast(coalesce(sum(up_to_date_by_birthday.students), 0) as bigint) as students_up_to_date
    from coverage
    inner join birthday_doses
        on
            coverage.age = birthday_doses.age
            and coverage.antigen = birthday_doses.antigen
    left join up_to_date_by_birthday
        on
            coverage.age = up_to_date_by_birthday.age
            and coverage.antigen = up_to_date_by_birthday.antigen
            and birthday_doses.birthday = up_to_date_by_birthday.birthday
            and (coverage.geography = 'province' or coverage.phu_id = up_to_date_by_birthday.phu_id)
    group by
        coverage.school_year, coverage.geography, coverage.phu_id, coverage.phu_name, coverage.age, coverage.antigen,
        birthday_doses.birthday, birthday_doses.valid_doses, coverage.students
),

final as (
    select
        {{ build_id() }} as build_id,
        *,
        {{ percent('students_up_to_date', 'students') }} as coverage_percent
    from counts
)

select * from final
