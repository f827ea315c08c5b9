{#- Slots that a macro unrolls: the linter takes the lines after them for badly indented.
-- sqlfluff:exclude_rules:layout.indent
-#}
{%- set slots = slot_count() -%}
with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

criteria as (
    {{ rules_in_force(ref('int_up_to_date_rules'), ref('int_school_year')) }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

all_open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

exempt_students as (
    select * from {{ ref('int_student_exemptions') }}
    where has_medical_exemption
),

immunizations as (
    select * from {{ ref('int_open_immunizations') }}
),

gaps as (
    select * from {{ ref('int_interaction_gaps') }}
),

due_days as (
    select * from {{ ref('int_due_days') }}
),

all_doses as (
    select * from {{ ref('int_doses') }}
),

-- No visit of who must not be given the vaccine was missed.
open_antigens as (
    select all_open_antigens.*
    from all_open_antigens
    left join exempt_students
        on
            all_open_antigens.student_key = exempt_students.student_key
            and all_open_antigens.antigen = exempt_students.antigen
    where exempt_students.student_key is null
),

recorded as (
    select
        open_antigens.student_key,
        open_antigens.antigen,
        open_antigens.date_of_birth,
        all_doses.agent_label,
        all_doses.administered_date,
        all_doses.preceding_live_date,
        all_doses.preceding_polysaccharide_date,
        true as is_recorded,
        {%- for slot in range(1, slots + 1) %}
        cast(null as date) as due_{{ slot }}_date{{ ',' if not loop.last }}
        {%- endfor %}
    from all_doses
    inner join open_antigens
        on
            all_doses.student_key = open_antigens.student_key
            and all_doses.antigen = open_antigens.antigen
    where
        all_doses.is_kept
        and all_doses.administered_date >= all_doses.date_of_birth
),

visits as (
    select distinct
        student_key,
        administered_date as visit_date
    from immunizations
    where administered_date >= date_of_birth
),

visits_without_dose as (
    select
        open_antigens.student_key,
        open_antigens.antigen,
        open_antigens.date_of_birth,
        open_antigens.agent_label,
        visits.visit_date,
        {%- for slot in range(1, slots + 1) %}
        due_days.due_{{ slot }}_date{{ ',' if not loop.last }}
        {%- endfor %}
    from open_antigens
    inner join due_days
        on
            open_antigens.date_of_birth = due_days.date_of_birth
            and open_antigens.antigen = due_days.antigen
    inner join visits
        on
            open_antigens.student_key = visits.student_key
            and due_days.offered_from <= visits.visit_date
            and due_days.offered_before > visits.visit_date
    left join recorded
        on
            open_antigens.student_key = recorded.student_key
            and open_antigens.antigen = recorded.antigen
            and visits.visit_date = recorded.administered_date
    where
        recorded.student_key is null
        and visits.visit_date >= least(
            {%- for slot in range(1, slots + 1) %}
            due_days.due_{{ slot }}_date{{ ',' if not loop.last }}
            {%- endfor %}
        )
),

could_be_given as (
    select
        visits.student_key,
        visits.antigen,
        visits.date_of_birth,
        visits.agent_label,
        visits.visit_date as administered_date,
        max(case when gaps.kind = 'live' then gaps.preceding_date end) as preceding_live_date,
        max(case when gaps.kind = 'polysaccharide' then gaps.preceding_date end) as preceding_polysaccharide_date,
        false as is_recorded,
        {%- for slot in range(1, slots + 1) %}
        min(visits.due_{{ slot }}_date) as due_{{ slot }}_date{{ ',' if not loop.last }}
        {%- endfor %}
    from visits_without_dose as visits
    left join gaps
        on
            visits.student_key = gaps.student_key
            and visits.antigen = gaps.antigen
            and visits.visit_date > gaps.preceding_date
    group by
        visits.student_key, visits.antigen, visits.date_of_birth, visits.agent_label, visits.visit_date
),

doses as (
    select * from recorded
    union all
    select * from could_be_given
),

{#- A visit's dose is given from the day on which it is due; live doses keep their distance from the one given before. #}
{%- set could_be_given_then -%}
(doses.is_recorded or doses.administered_date >= doses.due_{slot}_date)
and (
    rules.live_interval_from is null
    or {previous} is null
    or doses.administered_date >= {{ add_period('{previous}', 'rules.live_interval_from') }}
)
{%- endset -%}
{{ slots_filled('rules', doses='doses', variants='open_antigens', also=could_be_given_then) }},

-- Doses after those that meet a criterion change nothing: it is the same whether visits after that are looked at.
final as (
    select distinct
        open_antigens.student_key,
        open_antigens.antigen
    from open_antigens
    cross join school_year
    inner join slots as series
        on
            open_antigens.student_key = series.student_key
            and open_antigens.antigen = series.antigen
    inner join criteria as rules
        on
            series.antigen = rules.antigen
            and series.schedule = rules.schedule
            and {{ slot_date('rules.valid_doses') }} is not null
            and open_antigens.age = coalesce(rules.age, open_antigens.age)
    where {{ conditions_met(criterion_conditions('open_antigens')) }}
)

select * from final
