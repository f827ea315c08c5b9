with overdue as (
    select * from {{ ref('ispa_compliance') }}
    where status = 'overdue'
),

diseases as (
    select distinct
        disease,
        disease_name,
        sort_order
    from {{ ref('ispa_diseases') }}
),

students as (
    select * from {{ ref('int_students') }}
),

schools as (
    select * from {{ ref('stg_panorama__schools') }}
),

-- One visit with MMR answers for three diseases; an agent is named once, at the first of them.
missing_agents as (
    select
        overdue.client_id,
        overdue.missing_agent,
        min(diseases.sort_order) as sort_order
    from overdue
    inner join diseases
        on overdue.disease = diseases.disease
    group by overdue.client_id, overdue.missing_agent
),

agents as (
    select
        client_id,
        {{ joined_texts('missing_agent', ', ', 'sort_order, missing_agent') }} as missing_agents
    from missing_agents
    group by client_id
),

by_student as (
    select
        overdue.school_year,
        overdue.client_id,
        overdue.age,
        overdue.school_id,
        overdue.phu_id,
        overdue.as_of,
        {{ joined_texts('diseases.disease_name', ', ', 'diseases.sort_order') }} as overdue_diseases,
        {{ joined_texts("concat(diseases.disease_name, ' (', overdue.missing_agent, ')')", ', ', 'diseases.sort_order') }}
            as diseases_and_agents,
        count(*) as diseases_overdue,
        bool_or(overdue.is_due) as is_due,
        min(overdue.next_valid_date) as next_valid_date
    from overdue
    inner join diseases
        on overdue.disease = diseases.disease
    group by
        overdue.school_year, overdue.client_id, overdue.age, overdue.school_id, overdue.phu_id, overdue.as_of
),

final as (
    select
        by_student.school_year,
        by_student.phu_id,
        students.phu_name,
        by_student.school_id,
        schools.school_name,
        schools.school_type,
        schools.school_board,
        by_student.client_id,
        students.date_of_birth,
        by_student.age,
        by_student.as_of,
        cast(by_student.diseases_overdue as int) as diseases_overdue,
        by_student.overdue_diseases,
        agents.missing_agents,
        by_student.diseases_and_agents,
        by_student.is_due,
        by_student.next_valid_date
    from by_student
    inner join students
        on by_student.client_id = students.client_id
    inner join agents
        on by_student.client_id = agents.client_id
    left join schools
        on by_student.school_id = schools.school_id
)

select * from final
