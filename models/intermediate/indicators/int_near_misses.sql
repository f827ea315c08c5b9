with {{ dose_rules_and_agents() }},

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

doses as (
    select * from {{ ref('doses') }}
    where
        not is_valid
        and reason in ('too_young', 'interval_too_short')
),

refused as (
    select doses.*
    from doses
    inner join open_antigens
        on
            doses.client_id = open_antigens.client_id
            and doses.antigen = open_antigens.antigen
),

{{ refused_doses_tried() }},

final as (
    select
        students.student_key,
        students.phu_id,
        students.age,
        refused.antigen,
        refused.schedule,
        refused.administered_date,
        refused.reason,
        {{ day_number('earliest_days.administered_date') }} - {{ day_number('refused.administered_date') }} as days_short
    from refused
    inner join earliest_days
        on
            refused.client_id = earliest_days.client_id
            and refused.antigen = earliest_days.antigen
            and refused.schedule = earliest_days.schedule
            and refused.administered_date = earliest_days.given_date
    inner join students
        on refused.client_id = students.client_id
    where
        {{ day_number('earliest_days.administered_date') }} - {{ day_number('refused.administered_date') }}
        between 1 and {{ grace_days() }}
)

select * from final
