{%- set slots = slot_count() -%}
with {{ dose_rules_and_agents() }},

criteria as (
    {{ up_to_date_rules() }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

students as (
    select * from {{ ref('int_students') }}
),

student_antigens as (
    select * from {{ ref('student_antigens') }}
    where not has_evidence_of_immunity
),

exempt_students as (
    select * from {{ ref('student_exemptions') }}
    where has_medical_exemption
),

series as (
    select * from {{ ref('int_series') }}
),

doses as (
    select * from {{ ref('int_doses') }}
    where is_kept
),

schedule_variants as (
    select * from {{ ref('int_schedule_variants') }}
),

due_days as (
    select * from {{ ref('int_due_days') }}
),

next_dose_agents as (
    select * from {{ ref('int_next_dose_agents') }}
),

antigen_agents as (
    select * from {{ ref('int_antigen_agents') }}
    where is_live or is_polysaccharide
),

immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

-- One label per antigen: its other agents differ for the child, not for a rule.
agents as (
    select
        antigen,
        {{ first_by('agent_label', ['sort_order']) }} as agent_label
    from next_dose_agents
    group by antigen
),

schedules as (
    select distinct
        antigen,
        schedule
    from rules
),

-- Any recorded immunization is a visit, whatever the agent.
visits as (
    select distinct
        students.student_key,
        immunizations.administered_date as visit_date
    from immunizations
    cross join school_year
    inner join students
        on immunizations.student_key = students.student_key
    where
        immunizations.administered_date >= students.date_of_birth
        and immunizations.administered_date <= school_year.assessment_date
),

-- The day of the first dose that meets a criterion: no visit after it is eligible.
completed as (
    select
        series.student_key,
        series.antigen,
        min({{ slot_date('rules.valid_doses') }}) as completed_date
    from series
    cross join school_year
    inner join students
        on series.student_key = students.student_key
    inner join criteria as rules
        on
            series.antigen = rules.antigen
            and series.schedule = rules.schedule
            and students.age = coalesce(rules.age, students.age)
    where
        {{ slot_date('rules.valid_doses') }} is not null
        and {{ criterion_condition('students.date_of_birth') }}
    group by series.student_key, series.antigen
),

counted as (
    select
        students.student_key,
        students.phu_id,
        students.age,
        students.date_of_birth,
        student_antigens.antigen,
        coalesce(completed.completed_date, school_year.assessment_date) as last_date
    from student_antigens
    cross join school_year
    inner join students
        on student_antigens.client_id = students.client_id
    left join exempt_students
        on
            student_antigens.client_id = exempt_students.client_id
            and student_antigens.antigen = exempt_students.antigen
    left join completed
        on
            students.student_key = completed.student_key
            and student_antigens.antigen = completed.antigen
    where exempt_students.client_id is null
),

waiting as (
    select
        counted.student_key,
        counted.antigen,
        schedules.schedule,
        counted.date_of_birth,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        due_days.due_{{ slot }}_date,
        {%- endfor %}
        greatest(
            due_days.offered_from,
            least(
                {%- for slot in range(1, slots + 1) %}
                due_days.due_{{ slot }}_date{{ ',' if not loop.last }}
                {%- endfor %}
            )
        ) as first_date,
        least(counted.last_date, due_days.offered_before) as last_date,
        due_days.offered_before,
        series.first_dose_agent_label
    from counted
    inner join schedules
        on counted.antigen = schedules.antigen
    inner join due_days
        on
            counted.date_of_birth = due_days.date_of_birth
            and counted.antigen = due_days.antigen
    left join series
        on
            counted.student_key = series.student_key
            and counted.antigen = series.antigen
            and schedules.schedule = series.schedule
),

placed as (
    select
        waiting.*,
        visits.visit_date as administered_date,
        {%- for slot in range(1, slots + 1) %}
        {{ '+ ' if not loop.first }}case when waiting.dose_{{ slot }}_date < visits.visit_date then 1 else 0 end
        {%- endfor %} as filled
    from waiting
    inner join visits
        on
            waiting.student_key = visits.student_key
            and waiting.first_date <= visits.visit_date
            and waiting.last_date >= visits.visit_date
            and waiting.offered_before > visits.visit_date
),

due as (
    select
        *,
        coalesce({{ slot_date('filled + 1', 'placed') }} = administered_date, false) as is_valid_dose,
        {{ slot_date('filled', 'placed') }} as previous_dose_date
    from placed
    where
        administered_date >= case filled + 1
            {%- for slot in range(1, slots + 1) %} when {{ slot }} then due_{{ slot }}_date{% endfor %} end
),

-- On the day of a valid dose the dose was due; on any other day it is held against the rules of its slot.
tried as (
    select
        doses.student_key,
        doses.antigen,
        doses.administered_date,
        rules.rule_id,
        rules.live_interval_from,
        rules.polysaccharide_interval_from
    from due as doses
    inner join agents
        on doses.antigen = agents.antigen
    left join schedule_variants
        on
            doses.student_key = schedule_variants.student_key
            and doses.antigen = schedule_variants.antigen
    inner join rules
        on
            doses.antigen = rules.antigen
            and doses.schedule = rules.schedule
            and doses.filled + 1 = rules.dose_number
            -- Who has no dose yet is held against the rule for every product.
            and (rules.variant is null or coalesce(schedule_variants.variant, 'non_engerix_b') = rules.variant)
            and {{ rule_condition('age_from') }}
            and {{ rule_condition('age_before') }}
            and {{ rule_condition('window') }}
            and {{ rule_condition('history', slots=slots + 1, series='doses') }}
            and {{ rule_condition('interval', previous_dose_date='doses.previous_dose_date', series='doses') }}
    left join current_agents
        on
            rules.rule_id = current_agents.rule_id
            and agents.agent_label = current_agents.agent_label
    left join first_agents
        on
            rules.rule_id = first_agents.rule_id
            and doses.first_dose_agent_label = first_agents.agent_label
    where
        not doses.is_valid_dose
        and (current_agents.rule_id is not null or not rules.names_current_agents)
        and (first_agents.rule_id is not null or not rules.names_first_agents)
),

tried_students as (
    select distinct
        students.student_key,
        students.date_of_birth,
        tried.antigen
    from tried
    inner join students
        on tried.student_key = students.student_key
    where
        tried.live_interval_from is not null
        or tried.polysaccharide_interval_from is not null
),

interactions as (
    select
        tried_students.student_key,
        tried_students.antigen,
        antigen_agents.is_live,
        immunizations.administered_date as preceding_date
    from immunizations
    inner join antigen_agents
        on immunizations.agent = antigen_agents.agent
    inner join tried_students
        on
            immunizations.student_key = tried_students.student_key
            and antigen_agents.antigen = tried_students.antigen
    where
        antigen_agents.is_live
        or immunizations.administered_date
        >= {{ add_period('tried_students.date_of_birth', as_period('antigen_agents.polysaccharide_age_from')) }}
),

too_close as (
    select distinct
        tried.student_key,
        tried.antigen,
        tried.administered_date,
        tried.rule_id
    from tried
    inner join interactions
        on
            tried.student_key = interactions.student_key
            and tried.antigen = interactions.antigen
            and tried.administered_date > interactions.preceding_date
            and tried.administered_date < {{ add_period(
                'interactions.preceding_date',
                'case when interactions.is_live then tried.live_interval_from else tried.polysaccharide_interval_from end'
            ) }}
),

-- A day can be due on several schedules and by several rules.
eligible as (
    select
        student_key,
        antigen,
        administered_date as visit_date
    from due
    where is_valid_dose
    union
    select
        tried.student_key,
        tried.antigen,
        tried.administered_date as visit_date
    from tried
    left join too_close
        on
            tried.student_key = too_close.student_key
            and tried.antigen = too_close.antigen
            and tried.administered_date = too_close.administered_date
            and tried.rule_id = too_close.rule_id
    where too_close.student_key is null
),

by_student as (
    select
        eligible.student_key,
        eligible.antigen,
        count(*) as visits_eligible,
        sum(case when doses.student_key is null then 1 else 0 end) as visits_missed,
        max(case when doses.student_key is null then eligible.visit_date end) as last_missed_date
    from eligible
    left join doses
        on
            eligible.student_key = doses.student_key
            and eligible.antigen = doses.antigen
            and eligible.visit_date = doses.administered_date
    group by eligible.student_key, eligible.antigen
),

corrected as (
    select distinct
        by_student.student_key,
        by_student.antigen
    from by_student
    inner join series
        on
            by_student.student_key = series.student_key
            and by_student.antigen = series.antigen
            and by_student.last_missed_date < greatest(
                {%- for slot in range(1, slots + 1) %}
                series.dose_{{ slot }}_date{{ ',' if not loop.last }}
                {%- endfor %}
            )
),

final as (
    select
        counted.phu_id,
        counted.age,
        counted.antigen,
        cast(sum(by_student.visits_eligible) as bigint) as visits_eligible,
        cast(sum(by_student.visits_missed) as bigint) as visits_missed,
        count(*) as students_with_eligible_visit,
        count(by_student.last_missed_date) as students_missed,
        count(corrected.student_key) as students_corrected
    from by_student
    inner join counted
        on
            by_student.student_key = counted.student_key
            and by_student.antigen = counted.antigen
    left join corrected
        on
            by_student.student_key = corrected.student_key
            and by_student.antigen = corrected.antigen
    group by counted.phu_id, counted.age, counted.antigen
)

select * from final
