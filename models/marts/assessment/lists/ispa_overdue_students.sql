with compliance as (
    select * from {{ ref('ispa_compliance') }}
    where status in ('overdue', 'not_yet_due')
),

disease_names as (
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

missing as (
    select
        compliance.*,
        disease_names.disease_name,
        disease_names.sort_order
    from compliance
    inner join disease_names
        on compliance.disease = disease_names.disease
),

-- MMR is given once for three diseases and listed at the first of them.
agents_due as (
    select
        client_id,
        missing_agent,
        min(sort_order) as sort_order
    from missing
    where is_due
    group by client_id, missing_agent
),

due_agents as (
    select
        client_id,
        {{ joined_texts('missing_agent', ', ', 'sort_order, missing_agent') }} as due_agents
    from agents_due
    group by client_id
),

by_student as (
    select
        school_year,
        client_id,
        age,
        school_id,
        phu_id,
        as_of,
        {{ joined_texts("case when status = 'overdue' then disease_name end", ', ', 'sort_order') }} as overdue_diseases,
        {{ joined_texts(
            "case
                when is_due then concat(disease_name, ' (', missing_agent, ')')
                when status = 'overdue' then disease_name
            end", ', ', 'sort_order'
        ) }} as diseases_and_agents,
        {{ joined_texts(
            "case
                when not is_due and visit_date is not null
                    then concat(disease_name, ' (', missing_agent, ') from ', cast(visit_date as " ~ dbt.type_string() ~ "))
            end", '; ', 'visit_date, sort_order'
        ) }} as due_later,
        {{ joined_texts("case when not is_offered then disease_name end", ', ', 'sort_order') }} as diseases_without_agent,
        sum(case when status = 'overdue' then 1 else 0 end) as diseases_overdue,
        bool_or(is_due) as is_due,
        min(visit_date) as next_visit_date
    from missing
    group by school_year, client_id, age, school_id, phu_id, as_of
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
        due_agents.due_agents,
        by_student.due_later,
        by_student.diseases_without_agent,
        by_student.diseases_and_agents,
        by_student.is_due,
        by_student.next_visit_date
    from by_student
    inner join students
        on by_student.client_id = students.client_id
    left join due_agents
        on by_student.client_id = due_agents.client_id
    left join schools
        on by_student.school_id = schools.school_id
    where by_student.diseases_overdue > 0
)

select * from final
