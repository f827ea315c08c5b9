with students as (
    select * from {{ ref('int_students') }}
),

immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

antigen_agents as (
    select antigen_agents.agent
    from {{ ref('int_antigen_agents') }} as antigen_agents
    inner join {{ ref('antigens') }} as antigens
        on antigen_agents.antigen = antigens.antigen
    where
        antigen_agents.is_relevant
        and antigens.is_in_dtp
),

assessed_ages as (
    select distinct age
    from {{ ref('int_geographies_by_antigen') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

dtp_agents as (
    select distinct agent
    from antigen_agents
),

students_with_doses as (
    select /*+ broadcast(dtp_agents) */
        immunizations.student_key,
        max(case when dtp_agents.agent is null then 0 else 1 end) as has_dtp
    from immunizations
    cross join school_year
    left join dtp_agents
        on immunizations.agent = dtp_agents.agent
    where immunizations.administered_date <= school_year.assessment_date
    group by immunizations.student_key
),

final as (
    select
        students.phu_id,
        students.school_id,
        students.age,
        cast(count(*) as bigint) as students,
        cast(sum(case when students_with_doses.has_dtp = 1 then 0 else 1 end) as bigint) as students_without_dtp,
        cast(sum(case when students_with_doses.student_key is null then 1 else 0 end) as bigint) as students_without_dose
    from students
    inner join assessed_ages
        on students.age = assessed_ages.age
    left join students_with_doses
        on students.student_key = students_with_doses.student_key
    group by students.phu_id, students.school_id, students.age
)

select * from final
