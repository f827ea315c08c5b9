{#- The plan from the assessment date is that of `next_doses`, unless its list is for another day. -#}
{%- set is_planned = as_of() == 'school_year.assessment_date' -%}
with {% if not is_planned %}{{ doses_planned('school_year.assessment_date') }}{% endif %}
{%- if is_planned %}schedules_completed as (
    select * from {{ ref('int_schedules_planned') }}
){% endif %},

students as (
    select * from {{ ref('int_students') }}
),

nearest as (
    select
        student_key,
        antigen,
        min(doses_needed) as doses_needed
    from schedules_completed
    group by student_key, antigen
),

final as (
    select
        students.phu_id,
        students.age,
        nearest.antigen,
        nearest.doses_needed,
        count(*) as students
    from nearest
    inner join students
        on nearest.student_key = students.student_key
    group by students.phu_id, students.age, nearest.antigen, nearest.doses_needed
)

select * from final
