{#- Jinja loops: the linter reports their lines as badly indented.
-- sqlfluff:exclude_rules:references.keywords,structure.column_order,layout.indent
-#}
{{ config(materialized='view') }}

{%- set slots = slot_count() %}
with rules as (
    {{ rules_in_force(ref('dose_rules'), ref('int_school_year')) }}
),

doses as (
    select * from {{ ref('doses') }}
),

refused_doses as (
    select * from {{ ref('refused_doses') }}
    where earliest_counted_date is not null
),

students as (
    select * from {{ ref('int_students') }}
),

all_doses as (
    select * from {{ ref('int_doses') }}
    where is_kept
),

series as (
    select * from {{ ref('int_series') }}
),

judged as (
    select
        client_id,
        antigen,
        schedule,
        immunization_id,
        'as_given' as day,
        administered_date as given_date,
        administered_date,
        rule_id
    from doses
    where coalesce(reason, 'valid') not in ('same_day_duplicate', 'agent_not_in_schedule', 'extra_dose')
    union all
    select
        client_id,
        antigen,
        schedule,
        immunization_id,
        'earliest_counted' as day,
        administered_date as given_date,
        earliest_counted_date as administered_date,
        counted_by_rule_id as rule_id
    from refused_doses
),

doses_with_history as (
    select
        judged.client_id,
        judged.antigen,
        judged.schedule,
        judged.immunization_id,
        judged.given_date,
        judged.day,
        judged.administered_date,
        judged.rule_id,
        students.date_of_birth,
        all_doses.preceding_live_date,
        all_doses.preceding_polysaccharide_date,
        greatest(
            {%- for slot in range(1, slots + 1) %}
            case when series.dose_{{ slot }}_date < judged.given_date then series.dose_{{ slot }}_date end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) as previous_dose_date,
        {%- for slot in range(1, slots + 1) %}
        case when series.dose_{{ slot }}_date < judged.given_date then series.dose_{{ slot }}_date end
            as dose_{{ slot }}_date{{ ',' if not loop.last }}
        {%- endfor %}
    from judged
    inner join students
        on judged.client_id = students.client_id
    inner join all_doses
        on
            students.student_key = all_doses.student_key
            and judged.antigen = all_doses.antigen
            and judged.given_date = all_doses.administered_date
    left join series
        on
            students.student_key = series.student_key
            and judged.antigen = series.antigen
            and judged.schedule = series.schedule
),

final as (
    {{ conditions_listed('doses_with_history', 'rules', keys=[
        'client_id', 'antigen', 'schedule', 'immunization_id', 'given_date', 'day'
    ], conditions=rule_conditions()) }}
)

select * from final
