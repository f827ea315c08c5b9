with next_doses as (
    select * from {{ ref('int_next_doses') }}
),

visits as (
    select * from {{ ref('int_visits') }}
),

next_dose_agents as (
    select * from {{ ref('int_next_dose_agents') }}
),

exemptions as (
    select * from {{ ref('int_exemptions_in_force') }}
    where has_medical_exemption
),

later_live_doses as (
    select * from {{ ref('int_later_live_doses') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

contraindicated as (
    select distinct
        exemptions.client_id,
        next_dose_agents.agent
    from exemptions
    inner join next_dose_agents
        on exemptions.antigen = next_dose_agents.antigen
),

-- Without a visit: exempt, immune, or too old for every agent. The plan names an agent that would be valid.
agents_ranked as (
    select
        next_doses.student_key,
        next_doses.antigen,
        next_dose_agents.agent,
        {{ is_offered('next_doses.next_valid_date', 'next_doses.date_of_birth') }}
        and contraindicated.client_id is null as is_offered,
        row_number() over (
            partition by next_doses.student_key, next_doses.antigen
            order by
                case
                    when
                        {{ is_offered('next_doses.next_valid_date', 'next_doses.date_of_birth') }}
                        and contraindicated.client_id is null
                        then 0
                    else 1
                end asc,
                next_dose_agents.sort_order asc
        ) as place
    from next_doses
    left join visits
        on
            next_doses.student_key = visits.student_key
            and next_doses.antigen = visits.antigen
    inner join next_dose_agents
        on
            next_doses.antigen = next_dose_agents.antigen
            and (next_dose_agents.variant is null or next_doses.product_variant = next_dose_agents.variant)
    left join contraindicated
        on
            next_doses.client_id = contraindicated.client_id
            and next_dose_agents.agent = contraindicated.agent
    where
        visits.student_key is null
        and next_doses.criterion is not null
),

with_agents as (
    select
        next_doses.*,
        visits.visit_date,
        visits.visit_date is not null or coalesce(agents_ranked.is_offered, false) as is_offered,
        coalesce(visits.agent, agents_ranked.agent) as agent
    from next_doses
    left join visits
        on
            next_doses.student_key = visits.student_key
            and next_doses.antigen = visits.antigen
    left join agents_ranked
        on
            next_doses.student_key = agents_ranked.student_key
            and next_doses.antigen = agents_ranked.antigen
            and agents_ranked.place = 1
),

lost_doses as (
    select
        next_doses.student_key,
        next_doses.antigen,
        min(later_live_doses.administered_date) as lost_dose_date
    from next_doses
    inner join later_live_doses
        on
            next_doses.student_key = later_live_doses.student_key
            and next_doses.antigen = later_live_doses.antigen
    where
        later_live_doses.administered_date > next_doses.next_valid_date
        and later_live_doses.administered_date < {{ add_period('next_doses.next_valid_date', "cast('28 days' as interval)") }}
    group by next_doses.student_key, next_doses.antigen
),

products as (
    select distinct
        antigen,
        agent,
        variant,
        trade_name
    from next_dose_agents
    where trade_name is not null
),

final as (
    select
        school_year.school_year,
        with_agents.client_id,
        with_agents.age,
        with_agents.antigen,
        with_agents.as_of,
        with_agents.criterion,
        with_agents.schedule,
        with_agents.doses_needed,
        with_agents.dose_number,
        with_agents.rule_id,
        with_agents.agent,
        products.trade_name,
        with_agents.is_offered,
        with_agents.earliest_valid_date,
        with_agents.earliest_rule_id,
        with_agents.next_valid_date,
        coalesce(with_agents.next_valid_date <= with_agents.as_of, false) as is_due,
        lost_doses.lost_dose_date,
        with_agents.visit_date,
        with_agents.earliest_completion_date,
        coalesce(
            with_agents.earliest_completion_date
            >= {{ add_period('with_agents.date_of_birth', "cast('18 years' as interval)") }},
            false
        ) as ends_after_school_age
    from with_agents
    cross join school_year
    left join products
        on
            with_agents.antigen = products.antigen
            and with_agents.agent = products.agent
            and with_agents.product_variant = products.variant
    left join lost_doses
        on
            with_agents.student_key = lost_doses.student_key
            and with_agents.antigen = lost_doses.antigen
)

select * from final
