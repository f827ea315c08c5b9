with next_doses as (
    select * from {{ ref('int_next_doses') }}
),

next_dose_agents as (
    select * from {{ ref('int_next_dose_agents') }}
),

visit_agents as (
    select * from {{ ref('int_visit_agents') }}
),

-- An agent of an earlier visit may fill the slot before a recorded dose does; the plan would then be another one.
unsettled as (
    select distinct
        next_doses.student_key,
        next_doses.antigen
    from next_doses
    inner join visit_agents as own_visits
        on
            next_doses.student_key = own_visits.student_key
            and next_doses.antigen = own_visits.antigen
    inner join visit_agents as earlier_visits
        on
            next_doses.student_key = earlier_visits.student_key
            and own_visits.visit_date > earlier_visits.visit_date
    inner join next_dose_agents
        on
            next_doses.antigen = next_dose_agents.antigen
            and earlier_visits.agent = next_dose_agents.agent
    where next_doses.has_later_dose
),

final as (
    select
        visit_agents.student_key,
        visit_agents.antigen,
        visit_agents.is_ispa,
        visit_agents.visit_date,
        cast(dense_rank() over (
            partition by visit_agents.student_key
            order by visit_agents.visit_date
        ) as int) as visit_number,
        visit_agents.agent
    from visit_agents
    left join unsettled
        on
            visit_agents.student_key = unsettled.student_key
            and visit_agents.antigen = unsettled.antigen
    where unsettled.student_key is null
)

select * from final
