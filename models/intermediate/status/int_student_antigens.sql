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
    {{ rules_in_force(ref('int_up_to_date_rules'), ref('int_school_year')) }}
),

assessed as (
    select /*+ broadcast(assessed_antigens) */
        students.student_key,
        students.client_id,
        students.age,
        assessed_antigens.antigen
    from students
    cross join school_year
    inner join assessed_antigens
        on students.age = assessed_antigens.age
    where
        {{ holds_in(definitions_year(), 'assessed_antigens') }}
        and (assessed_antigens.gender is null or students.gender = assessed_antigens.gender)
),

assessed_ages as (
    select distinct
        antigen,
        age
    from assessed_antigens
),

-- One row per age, so that both joins are equi-joins.
criteria as (
    select
        assessed_ages.age as student_age,
        rules.*
    from rules
    inner join assessed_ages
        on
            rules.antigen = assessed_ages.antigen
            and coalesce(rules.age, assessed_ages.age) = assessed_ages.age
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
        {{ slots_counted('series') }} as valid_doses
    from series
),

judged as (
    select /*+ broadcast(rules) */
        series.student_key,
        series.antigen,
        series.valid_doses,
        case
            when {{ conditions_met(criterion_conditions('students')) }}
                then rules.criterion_number
        end as criterion_number
    from slots_filled as series
    cross join school_year
    inner join students
        on series.student_key = students.student_key
    left join criteria as rules
        on
            series.antigen = rules.antigen
            and series.schedule = rules.schedule
            and students.age = rules.student_age
            and series.valid_doses >= rules.valid_doses
),

best as (
    select
        student_key,
        antigen,
        max(valid_doses) as valid_doses,
        min(criterion_number) as criterion_number
    from judged
    group by student_key, antigen
),

final as (
    select /*+ broadcast(criteria) */
        school_year.school_year,
        assessed.student_key,
        assessed.client_id,
        assessed.age,
        assessed.antigen,
        coalesce(best.valid_doses, 0) as valid_doses,
        students_with_doses.student_key is not null as has_any_dose,
        best.student_key is not null as has_valid_dose,
        best.criterion_number is not null as is_up_to_date_by_doses,
        immune_students.student_key is not null as has_evidence_of_immunity,
        best.criterion_number is not null or immune_students.student_key is not null as is_up_to_date,
        criteria.schedule,
        criteria.rule_id as criterion
    from assessed
    cross join school_year
    left join students_with_doses
        on
            assessed.student_key = students_with_doses.student_key
            and assessed.antigen = students_with_doses.antigen
    left join best
        on
            assessed.student_key = best.student_key
            and assessed.antigen = best.antigen
    left join criteria
        on
            best.antigen = criteria.antigen
            and best.criterion_number = criteria.criterion_number
            and assessed.age = criteria.student_age
    left join immune_students
        on
            assessed.student_key = immune_students.student_key
            and assessed.antigen = immune_students.antigen
)

select * from final
