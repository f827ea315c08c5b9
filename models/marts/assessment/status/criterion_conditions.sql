{{ config(materialized='view') }}

{%- set slots = slot_count() %}
{%- set reference_dose_date = slot_date('rules.reference_dose_number', 'doses') %}
{%- set birth = 'doses.date_of_birth' %}
with rules as (
    {{ rules_in_force('up_to_date_rules') }}
),

student_antigens as (
    select * from {{ ref('student_antigens') }}
),

students as (
    select * from {{ ref('int_students') }}
),

series as (
    select * from {{ ref('int_series') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

criteria as (
    select
        student_antigens.client_id,
        student_antigens.antigen,
        rules.rule_id,
        rules.schedule,
        rules.valid_doses,
        students.date_of_birth,
        school_year.assessment_date,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        {%- for slot in range(1, slots + 1) %}
        {{ '+ ' if not loop.first }}case when series.dose_{{ slot }}_date is null then 0 else 1 end
        {%- endfor %} as filled
    from student_antigens
    cross join school_year
    inner join students
        on student_antigens.client_id = students.client_id
    inner join rules
        on
            student_antigens.antigen = rules.antigen
            and (rules.age is null or student_antigens.age = rules.age)
    left join series
        on
            students.student_key = series.student_key
            and rules.antigen = series.antigen
            and rules.schedule = series.schedule
),

by_number as (
    select
        client_id,
        antigen,
        schedule,
        rule_id,
        0 as condition_number,
        'valid_doses' as condition,
        valid_doses as doses_asked,
        filled as doses_counted,
        cast(null as date) as subject_date,
        cast(null as {{ dbt.type_string() }}) as comparison,
        cast(null as {{ dbt.type_string() }}) as base,
        cast(null as date) as base_date,
        cast(null as {{ dbt.type_string() }}) as period,
        cast(null as date) as bound_date,
        filled >= valid_doses as is_met
    from criteria
),

by_date as (
    {{ listed_conditions('criteria', keys=['client_id', 'antigen', 'schedule'], conditions=[
        ['first_dose_age_from', 'rules.first_dose_age_from', 'doses.dose_1_date', 'from', birth, 'date of birth'],
        ['first_dose_age_before', 'rules.first_dose_age_before', 'doses.dose_1_date', 'before', birth, 'date of birth'],
        ['reference_dose_age_from', 'rules.reference_dose_age_from', reference_dose_date, 'from', birth, 'date of birth'],
        ['reference_dose_age_before', 'rules.reference_dose_age_before', reference_dose_date, 'before', birth, 'date of birth'],
        ['recent_dose_before', 'rules.recent_dose_before', 'doses.assessment_date', 'before',
            slot_date('rules.recent_dose_number', 'doses'), 'valid dose that has to be recent']
    ]) }}
),

final as (
    select * from by_number
    union all
    select
        client_id,
        antigen,
        schedule,
        rule_id,
        condition_number,
        condition,
        cast(null as int) as doses_asked,
        cast(null as int) as doses_counted,
        subject_date,
        comparison,
        base,
        base_date,
        period,
        bound_date,
        is_met
    from by_date
)

select * from final
