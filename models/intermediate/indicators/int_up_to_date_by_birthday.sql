{%- set slots = slot_count() -%}
with birthday_doses as (
    select
        *,
        cast(concat(cast(birthday as {{ dbt.type_string() }}), ' years') as interval) as age_on_birthday
    from {{ ref('birthday_doses') }}
),

series as (
    select * from {{ ref('int_series') }}
),

students as (
    select * from {{ ref('int_students') }}
),

criteria as (
    {{ rules_in_force(ref('int_up_to_date_rules'), ref('int_school_year')) }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

birthdays_of_students as (
    select
        students.student_key,
        students.phu_id,
        students.age,
        students.date_of_birth,
        birthday_doses.antigen,
        birthday_doses.birthday,
        birthday_doses.valid_doses as doses_asked,
        {{ add_period('students.date_of_birth', 'birthday_doses.age_on_birthday') }} as birthday_date
    from students
    inner join birthday_doses
        on students.age = birthday_doses.age
),

-- A slot is filled by the earliest dose that counts for it: what came after the birthday changes no slot before.
series_by_birthday as (
    select
        birthdays_of_students.student_key,
        birthdays_of_students.phu_id,
        birthdays_of_students.age,
        birthdays_of_students.date_of_birth,
        birthdays_of_students.antigen,
        birthdays_of_students.birthday,
        birthdays_of_students.doses_asked,
        series.schedule,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        {{ slots_counted('series', 'birthdays_of_students.birthday_date') }} as valid_doses
    from series
    inner join birthdays_of_students
        on
            series.student_key = birthdays_of_students.student_key
            and series.antigen = birthdays_of_students.antigen
),

with_counts_asked as (
    select
        student_key,
        phu_id,
        age,
        antigen,
        birthday
    from series_by_birthday
    where valid_doses >= doses_asked
),

with_criteria_met as (
    select
        series.student_key,
        series.phu_id,
        series.age,
        series.antigen,
        series.birthday
    from series_by_birthday as series
    cross join school_year
    inner join criteria as rules
        on
            series.antigen = rules.antigen
            and series.schedule = rules.schedule
            and series.valid_doses >= rules.valid_doses
            and series.age = coalesce(rules.age, series.age)
    where
        series.doses_asked is null
        and {{ conditions_met(criterion_conditions('series')) }}
),

up_to_date as (
    select * from with_counts_asked
    union
    select * from with_criteria_met
),

final as (
    select
        phu_id,
        age,
        antigen,
        birthday,
        count(*) as students
    from up_to_date
    group by phu_id, age, antigen, birthday
)

select * from final
