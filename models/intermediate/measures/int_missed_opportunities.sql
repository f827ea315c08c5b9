with immunizations as (
    select * from {{ ref('int_open_immunizations') }}
),

-- Any recorded immunization is a visit, whatever the agent.
visits as (
    select distinct
        student_key,
        administered_date as visit_date
    from immunizations
),

{{ doses_planned('cast(null as date)', has_visits=true) }},

first_missed as (
    select
        student_key,
        antigen,
        min(next_dose_date) as first_missed_date
    from plan_1
    group by student_key, antigen
),

completed_by_visits as (
    select distinct
        student_key,
        antigen
    from schedules_completed
),

final as (
    select
        first_missed.student_key,
        first_missed.antigen,
        first_missed.first_missed_date,
        completed_by_visits.student_key is not null as is_up_to_date_without_missed
    from first_missed
    left join completed_by_visits
        on
            first_missed.student_key = completed_by_visits.student_key
            and first_missed.antigen = completed_by_visits.antigen
)

select * from final
