-- The earliest catch-up on every schedule by which a student who is not up to date could become so: from the day of the lists,
-- and from the assessment date.
{%- set slots = slot_count() %}
with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

criteria as (
    {{ rules_in_force(ref('int_up_to_date_rules'), ref('int_school_year')) }}
),

gaps as (
    select * from {{ ref('int_interaction_gaps') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

series as (
    select * from {{ ref('int_series') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

days as (
    select {{ as_of() }} as planned_from
    from school_year
    union
    select assessment_date as planned_from
    from school_year
),

schedules_wanted as (
    select
        antigen,
        age,
        schedule,
        max(valid_doses) as last_slot
    from criteria
    group by antigen, age, schedule
),

plans as (
    select /*+ broadcast(schedules_wanted, days) */
        open_antigens.student_key,
        open_antigens.antigen,
        schedules_wanted.schedule,
        days.planned_from,
        open_antigens.age,
        open_antigens.date_of_birth,
        open_antigens.variant,
        open_antigens.agent_label,
        open_antigens.is_live,
        greatest(
            {{ add_period('open_antigens.latest_dose_date', "cast('1 day' as interval)") }}, days.planned_from
        ) as not_before,
        schedules_wanted.last_slot,
        {{ slots_counted('series') }} as recorded_doses,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        series.dose_{{ slot }}_rule_id,
        {%- endfor %}
        series.first_dose_agent_label
    from open_antigens
    cross join days
    inner join schedules_wanted
        on
            open_antigens.antigen = schedules_wanted.antigen
            and open_antigens.age = coalesce(schedules_wanted.age, open_antigens.age)
    left join series
        on
            open_antigens.student_key = series.student_key
            and schedules_wanted.antigen = series.antigen
            and schedules_wanted.schedule = series.schedule
),

{{ slots_filled(
    'rules', series='plans', gaps='gaps',
    carried=['planned_from', 'age', 'date_of_birth', 'agent_label', 'is_live', 'not_before', 'recorded_doses']
) }},

-- A criterion asks nothing of a dose after the ones that it counts: the first dose that completes one ends the plan.
completed as (
    select /*+ broadcast(rules, school_year) */
        plans.*,
        rules.rule_id as criterion,
        rules.criterion_number,
        rules.valid_doses,
        row_number() over (
            partition by plans.student_key, plans.antigen, plans.schedule, plans.planned_from
            order by rules.valid_doses, rules.criterion_number
        ) as place
    from slots as plans
    cross join school_year
    inner join criteria as rules
        on
            plans.antigen = rules.antigen
            and plans.schedule = rules.schedule
            and plans.age = coalesce(rules.age, plans.age)
            and plans.recorded_doses < rules.valid_doses
            and {{ slot_date('rules.valid_doses', 'plans') }} is not null
            and {{ conditions_met(criterion_conditions('plans', 'plans')) }}
),

final as (
    select
        completed.student_key,
        completed.antigen,
        completed.schedule,
        completed.planned_from,
        completed.variant,
        completed.criterion,
        completed.criterion_number,
        completed.valid_doses - completed.recorded_doses as doses_needed,
        completed.recorded_doses + 1 as next_dose_number,
        {{ slot_date('completed.recorded_doses + 1', 'completed') }} as next_dose_date,
        {{ slot_date('completed.recorded_doses + 1', 'completed', column='rule_id') }} as next_rule_id,
        {{ slot_date('completed.valid_doses', 'completed') }} as last_dose_date
    from completed
    where completed.place = 1
)

select * from final
