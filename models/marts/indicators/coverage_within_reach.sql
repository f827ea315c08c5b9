with coverage as (
    select * from {{ ref('coverage') }}
    where {{ is_of_this_build() }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

students as (
    select * from {{ ref('int_students') }}
),

without_missed as (
    select * from {{ ref('int_up_to_date_without_missed') }}
),

with_grace as (
    select * from {{ ref('int_up_to_date_with_grace') }}
),

counts_by_phu as (
    select
        students.phu_id,
        open_antigens.age,
        open_antigens.antigen,
        count(without_missed.student_key) as added_without_missed,
        count(with_grace.student_key) as added_with_grace
    from open_antigens
    inner join students
        on open_antigens.student_key = students.student_key
    left join without_missed
        on
            open_antigens.student_key = without_missed.student_key
            and open_antigens.antigen = without_missed.antigen
    left join with_grace
        on
            open_antigens.student_key = with_grace.student_key
            and open_antigens.antigen = with_grace.antigen
    group by students.phu_id, open_antigens.age, open_antigens.antigen
),

added as (
    {{ rolled_up(
        'counts_by_phu', units=ref('int_geography_units'), frame='coverage', by=['age', 'antigen'],
        sums=['added_without_missed', 'added_with_grace']
    ) }}
),

counts as (
    select
        *,
        students_up_to_date + added_without_missed as students_up_to_date_without_missed,
        students_up_to_date + added_with_grace as students_up_to_date_with_grace
    from added
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        students,
        students_up_to_date,
        {{ percent('students_up_to_date', 'students') }} as coverage_percent,
        students_up_to_date_without_missed,
        {{ percent('students_up_to_date_without_missed', 'students') }} as coverage_without_missed_percent,
        {{ var('grace_days') }} as grace_days,
        students_up_to_date_with_grace,
        {{ percent('students_up_to_date_with_grace', 'students') }} as coverage_with_grace_percent
    from counts
)

select * from final
