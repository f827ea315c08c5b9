with coverage as (
    select * from {{ ref('coverage') }}
    where {{ is_of_this_build() }}
),

birthday_doses as (
    select * from {{ ref('birthday_doses') }}
),

up_to_date_by_birthday as (
    select * from {{ ref('int_up_to_date_by_birthday') }}
),

frame as (
    select
        coverage.school_year,
        coverage.geography,
        coverage.phu_id,
        coverage.phu_name,
        coverage.age,
        coverage.antigen,
        birthday_doses.birthday,
        birthday_doses.valid_doses as doses_asked,
        coverage.students
    from coverage
    inner join birthday_doses
        on
            coverage.age = birthday_doses.age
            and coverage.antigen = birthday_doses.antigen
),

up_to_date_by_phu as (
    select
        phu_id,
        age,
        antigen,
        birthday,
        students as students_up_to_date
    from up_to_date_by_birthday
),

counts as (
    {{ rolled_up(
        'up_to_date_by_phu', units=ref('int_geography_units'), frame='frame', by=['age', 'antigen', 'birthday'],
        sums=['students_up_to_date']
    ) }}
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        *,
        {{ percent('students_up_to_date', 'students') }} as coverage_percent
    from counts
)

select * from final
