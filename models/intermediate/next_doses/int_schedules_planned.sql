with {{ doses_planned(as_of()) }},

final as (
    select
        schedules_completed.student_key,
        schedules_completed.antigen,
        schedules_completed.schedule,
        schedules_completed.variant,
        criteria.rule_id as criterion,
        schedules_completed.criterion_number,
        schedules_completed.doses_needed,
        schedules_completed.next_dose_number,
        schedules_completed.next_dose_date,
        schedules_completed.next_rule_id,
        schedules_completed.last_dose_date
    from schedules_completed
    inner join criteria
        on
            schedules_completed.antigen = criteria.antigen
            and schedules_completed.criterion_number = criteria.criterion_number
            and schedules_completed.age = coalesce(criteria.age, schedules_completed.age)
)

select * from final
