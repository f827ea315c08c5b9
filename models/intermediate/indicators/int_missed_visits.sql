{#- Jinja loops: the linter reports their lines as badly indented.
-- sqlfluff:exclude_rules:layout.indent,references.consistent
-#}
{%- set slots = slot_count() -%}
{%- set never = "cast('9999-12-31' as date)" -%}
{%- set is_valid_dose_visit -%}
dose_{0}_date >= greatest(first_date, due_{0}_date) and dose_{0}_date <= last_date and dose_{0}_date < offered_before
{%- endset -%}
with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

criteria as (
    {{ rules_in_force(ref('int_up_to_date_rules'), ref('int_school_year')) }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

students as (
    select * from {{ ref('int_students') }}
),

student_antigens as (
    select * from {{ ref('int_student_antigens') }}
    where not has_evidence_of_immunity
),

exempt_students as (
    select * from {{ ref('int_student_exemptions') }}
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

-- The same, read once more: what is read twice from one CTE is kept in memory, a gigabyte of a province.
preceding_immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

-- One agent per antigen is enough: the rules do not distinguish the others.
agents as (
    select
        antigen,
        {{ first_by('agent_label', ['sort_order']) }} as agent_label
    from next_dose_agents
    group by antigen
),

schedules as (
    select
        antigen,
        schedule,
        schedule = min(schedule) over (partition by antigen) as is_first,
        min(schedule) over (partition by antigen) < max(schedule) over (partition by antigen) as is_one_of_several
    from rules
    group by antigen, schedule
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
        and {{ conditions_met(criterion_conditions('students')) }}
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
        on student_antigens.student_key = students.student_key
    left join exempt_students
        on
            student_antigens.student_key = exempt_students.student_key
            and student_antigens.antigen = exempt_students.antigen
    left join completed
        on
            students.student_key = completed.student_key
            and student_antigens.antigen = completed.antigen
    where exempt_students.student_key is null
),

-- Empty slots get a date in the far future, so that a visit finds its slot by comparing dates.
waiting as (
    select
        counted.student_key,
        counted.phu_id,
        counted.age,
        counted.antigen,
        counted.date_of_birth,
        schedules.schedule,
        schedules.is_first,
        schedules.is_one_of_several,
        {%- for slot in range(1, slots + 1) %}
        coalesce(series.dose_{{ slot }}_date, {{ never }}) as dose_{{ slot }}_date,
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

-- On the day of a valid dose the dose was due, if at its recommended age. Where there is one schedule these days are counted
-- here; where there are several, a day can be that of a valid dose on two, and is counted with the other visits.
valid_dose_visits as (
    select
        student_key,
        phu_id,
        age,
        antigen,
        case
            when is_one_of_several then 0
            else
                {%- for slot in range(1, slots + 1) %}
                {{ '+ ' if not loop.first }}case when {{ is_valid_dose_visit.format(slot) }} then 1 else 0 end
                {%- endfor %}
        end as visits_eligible
    from waiting
    where is_first
),

-- Days that can be eligible at all: half of the recorded ones.
days_looked_at as (
    select
        student_key,
        min(first_date) as first_date,
        max(last_date) as last_date
    from waiting
    group by student_key
),

-- Any recorded immunization is a visit, whatever the agent: half of the visits have several.
visits as (
    select distinct
        immunizations.student_key,
        immunizations.administered_date
    from immunizations
    inner join days_looked_at
        on
            immunizations.student_key = days_looked_at.student_key
            and immunizations.administered_date >= days_looked_at.first_date
            and immunizations.administered_date <= days_looked_at.last_date
),

-- Visits at which a dose was due and none became valid on the schedule.
due_visits as (
    select
        waiting.student_key,
        waiting.antigen,
        waiting.schedule,
        waiting.date_of_birth,
        waiting.first_dose_agent_label,
        visits.administered_date,
        {%- for slot in range(1, slots + 1) %}
        waiting.dose_{{ slot }}_date,
        {%- endfor %}
        case
            {%- for slot in range(1, slots + 1) %}
            when visits.administered_date < waiting.dose_{{ slot }}_date then {{ slot - 1 }}
            {%- endfor %}
        end as filled
    from waiting
    inner join visits
        on
            waiting.student_key = visits.student_key
            and waiting.first_date <= visits.administered_date
            and waiting.last_date >= visits.administered_date
            and waiting.offered_before > visits.administered_date
    where
        case
            {%- for slot in range(1, slots + 1) %}
            when visits.administered_date < waiting.dose_{{ slot }}_date
                then visits.administered_date >= waiting.due_{{ slot }}_date
            when visits.administered_date = waiting.dose_{{ slot }}_date then false
            {%- endfor %}
            else false
        end
),

previous_doses as (
    select
        due_visits.*,
        agents.agent_label,
        {{ slot_date('filled', 'due_visits') }} as previous_dose_date
    from due_visits
    inner join agents
        on due_visits.antigen = agents.antigen
),

-- Each visit is tested against the rules of its slot.
tried as (
    select distinct
        doses.student_key,
        doses.antigen,
        doses.administered_date,
        rules.rule_id,
        rules.live_interval_from,
        rules.polysaccharide_interval_from
    from previous_doses as doses
    left join schedule_variants
        on
            doses.student_key = schedule_variants.student_key
            and doses.antigen = schedule_variants.antigen
    inner join rules
        on
            doses.antigen = rules.antigen
            and doses.schedule = rules.schedule
            and doses.filled + 1 = rules.dose_number
            -- Students without a dose follow the rule for every product.
            and {{ rule_fits(variant="coalesce(schedule_variants.variant, 'non_engerix_b')", series='doses') }}
            and {{ conditions_met(
                rule_conditions() | selectattr('asks', 'equalto', 'dose') | selectattr('column') | rejectattr('is_if_any') | list
            ) }}
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
        preceding_immunizations.administered_date as preceding_date
    from preceding_immunizations
    inner join antigen_agents
        on preceding_immunizations.agent = antigen_agents.agent
    inner join tried_students
        on
            preceding_immunizations.student_key = tried_students.student_key
            and antigen_agents.antigen = tried_students.antigen
    where
        antigen_agents.is_live
        or preceding_immunizations.administered_date
        >= {{ add_period('tried_students.date_of_birth', 'cast(antigen_agents.polysaccharide_age_from as interval)') }}
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

-- A dose can be due on one day on several schedules and by several rules.
eligible as (
    {%- for slot in range(1, slots + 1) %}
    select
        student_key,
        antigen,
        dose_{{ slot }}_date as visit_date
    from waiting
    where
        is_one_of_several
        and {{ is_valid_dose_visit.format(slot) }}
    union
    {%- endfor %}
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
        valid_dose_visits.phu_id,
        valid_dose_visits.age,
        valid_dose_visits.antigen,
        cast(sum(valid_dose_visits.visits_eligible + coalesce(by_student.visits_eligible, 0)) as bigint) as visits_eligible,
        cast(coalesce(sum(by_student.visits_missed), 0) as bigint) as visits_missed,
        cast(
            sum(case when valid_dose_visits.visits_eligible > 0 or by_student.student_key is not null then 1 else 0 end) as bigint
        ) as students_with_eligible_visit,
        count(by_student.last_missed_date) as students_missed,
        count(corrected.student_key) as students_corrected
    from valid_dose_visits
    left join by_student
        on
            valid_dose_visits.student_key = by_student.student_key
            and valid_dose_visits.antigen = by_student.antigen
    left join corrected
        on
            valid_dose_visits.student_key = corrected.student_key
            and valid_dose_visits.antigen = corrected.antigen
    group by valid_dose_visits.phu_id, valid_dose_visits.age, valid_dose_visits.antigen
)

select * from final
