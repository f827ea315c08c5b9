{{ config(materialized='view') }}

{%- set slots = slot_count() %}
with rules as (
    {{ rules_in_force(ref('up_to_date_rules'), ref('int_school_year')) }}
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
        {{ slots_counted('series') }} as filled
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
    {{ conditions_listed(
        'criteria', 'rules', keys=['client_id', 'antigen', 'schedule'],
        conditions=criterion_conditions('doses', 'doses', assessment_date='doses.assessment_date')
    ) }}
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
