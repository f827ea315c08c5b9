with student_antigens as (
    select * from {{ ref('student_antigens') }}
),

students as (
    select * from {{ ref('int_students') }}
),

diseases as (
    select * from {{ ref('ispa_diseases') }}
),

exemptions as (
    select * from {{ ref('int_exemptions_in_force') }}
),

next_doses as (
    select * from {{ ref('next_doses') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_year.school_year,
        student_antigens.client_id,
        student_antigens.age,
        students.school_id,
        students.phu_id,
        diseases.disease,
        student_antigens.antigen,
        cast({{ as_of() }} as date) as as_of,
        case
            when student_antigens.is_up_to_date then 'up_to_date'
            when exemptions.client_id is not null then 'exempt'
            else 'overdue'
        end as status,
        case when exemptions.client_id is null then next_doses.agent end as missing_agent,
        case when exemptions.client_id is null then next_doses.doses_needed end as doses_needed,
        case when exemptions.client_id is null then next_doses.earliest_valid_date end as overdue_since,
        case when exemptions.client_id is null then next_doses.next_valid_date end as next_valid_date,
        case when exemptions.client_id is null then coalesce(next_doses.is_due, false) else false end as is_due
    from student_antigens
    cross join school_year
    inner join diseases
        on student_antigens.antigen = diseases.antigen
    inner join students
        on student_antigens.client_id = students.client_id
    left join exemptions
        on
            student_antigens.client_id = exemptions.client_id
            and student_antigens.antigen = exemptions.antigen
    left join next_doses
        on
            student_antigens.client_id = next_doses.client_id
            and student_antigens.antigen = next_doses.antigen
    where
        diseases.born_from is null
        or students.date_of_birth >= diseases.born_from
)

select * from final
