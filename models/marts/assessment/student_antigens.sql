with students as (
    select * from {{ ref('int_students') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

assessed_antigens as (
    select * from {{ ref('assessed_antigens') }}
),

doses as (
    select * from {{ ref('int_doses') }}
),

series as (
    select * from {{ ref('int_series') }}
),

immune_students as (
    select * from {{ ref('int_evidence_of_immunity') }}
),

rules as (
    {{ up_to_date_rules() }}
),

assessed as (
    select
        students.student_key,
        students.client_id,
        students.date_of_birth,
        students.age,
        assessed_antigens.antigen
    from students
    cross join school_year
    inner join assessed_antigens
        on students.age = assessed_antigens.age
    where
        {{ holds_in('school_year.first_year', 'assessed_antigens') }}
        and (assessed_antigens.gender is null or students.gender = assessed_antigens.gender)
),

students_with_doses as (
    select distinct
        student_key,
        antigen
    from doses
),

slots_filled as (
    select
        *,
        {%- for slot in range(1, slot_count() + 1) %}
        {{ '+ ' if not loop.first }}case when dose_{{ slot }}_date is null then 0 else 1 end
        {%- endfor %} as valid_doses
    from series
),

most_slots_filled as (
    select
        student_key,
        antigen,
        max(valid_doses) as valid_doses
    from slots_filled
    group by student_key, antigen
),

satisfied as (
    select
        assessed.student_key,
        assessed.antigen,
        {{ first_by('rules.rule_id', ['rules.criterion_number']) }} as criterion,
        {{ first_by('rules.schedule', ['rules.criterion_number']) }} as schedule
    from assessed
    cross join school_year
    inner join slots_filled as series
        on
            assessed.student_key = series.student_key
            and assessed.antigen = series.antigen
    inner join rules
        on
            series.antigen = rules.antigen
            and series.schedule = rules.schedule
            and series.valid_doses >= rules.valid_doses
            and (rules.age is null or assessed.age = rules.age)
    where {{ criterion_condition('assessed.date_of_birth') }}
    group by assessed.student_key, assessed.antigen
),

final as (
    select
        school_year.school_year,
        assessed.client_id,
        assessed.age,
        assessed.antigen,
        coalesce(most_slots_filled.valid_doses, 0) as valid_doses,
        students_with_doses.student_key is not null as has_any_dose,
        most_slots_filled.student_key is not null as has_valid_dose,
        satisfied.student_key is not null as is_up_to_date_by_doses,
        immune_students.student_key is not null as has_evidence_of_immunity,
        satisfied.student_key is not null or immune_students.student_key is not null as is_up_to_date,
        satisfied.schedule,
        satisfied.criterion
    from assessed
    cross join school_year
    left join students_with_doses
        on
            assessed.student_key = students_with_doses.student_key
            and assessed.antigen = students_with_doses.antigen
    left join most_slots_filled
        on
            assessed.student_key = most_slots_filled.student_key
            and assessed.antigen = most_slots_filled.antigen
    left join satisfied
        on
            assessed.student_key = satisfied.student_key
            and assessed.antigen = satisfied.antigen
    left join immune_students
        on
            assessed.student_key = immune_students.student_key
            and assessed.antigen = immune_students.antigen
)

select * from final
