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
    where is_exempt or is_immune
),

next_doses as (
    select * from {{ ref('next_doses') }}
),

school_year as (
    select
        int_school_year.school_year,
        cast({{ as_of('int_school_year') }} as date) as as_of
    from {{ ref('int_school_year') }} as int_school_year
),

with_status as (
    select
        school_year.school_year,
        student_antigens.client_id,
        student_antigens.age,
        students.school_id,
        students.phu_id,
        diseases.disease,
        student_antigens.antigen,
        school_year.as_of,
        case
            when student_antigens.is_up_to_date then 'up_to_date'
            when exemptions.is_exempt then 'exempt'
            when exemptions.is_immune then 'immune'
            when next_doses.earliest_valid_date <= school_year.as_of then 'overdue'
            else 'not_yet_due'
        end as status,
        next_doses.agent,
        next_doses.is_offered,
        next_doses.doses_needed,
        next_doses.earliest_valid_date,
        next_doses.next_valid_date,
        next_doses.visit_date
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
    where {{ is_designated('school_year.as_of', 'students.date_of_birth') }}
),

final as (
    select
        school_year,
        client_id,
        age,
        school_id,
        phu_id,
        disease,
        antigen,
        as_of,
        status,
        case when status in ('overdue', 'not_yet_due') and is_offered then agent end as missing_agent,
        case when status in ('overdue', 'not_yet_due') then is_offered end as is_offered,
        case when status in ('overdue', 'not_yet_due') then doses_needed end as doses_needed,
        case when status = 'overdue' then earliest_valid_date end as overdue_since,
        case when status in ('overdue', 'not_yet_due') then next_valid_date end as next_valid_date,
        case when status in ('overdue', 'not_yet_due') then visit_date end as visit_date,
        coalesce(status = 'overdue' and visit_date <= as_of, false) as is_due
    from with_status
)

select * from final
