with refused_doses as (
    select * from {{ ref('int_doses_judged') }}
    where not is_valid
),

valid_doses as (
    select * from {{ ref('int_doses_judged') }}
    where is_valid
),

reasons as (
    select * from {{ ref('refusal_reasons') }}
    where is_about_the_date
),

students as (
    select * from {{ ref('int_students') }}
),

schedules as (
    select * from {{ ref('schedules') }}
),

series as (
    select * from {{ ref('int_series') }}
),

refused as (
    select refused_doses.*
    from refused_doses
    inner join reasons
        on refused_doses.reason = reasons.reason
),

refused_days as (
    select distinct
        student_key,
        administered_date
    from refused
),

-- A record counts if it is valid on any schedule of any antigen. Records without an id are identified by date and agent.
counted as (
    select distinct
        valid_doses.student_key,
        valid_doses.administered_date,
        valid_doses.agent,
        coalesce(valid_doses.immunization_id, '') as immunization_id
    from valid_doses
    inner join refused_days
        on
            valid_doses.student_key = refused_days.student_key
            and valid_doses.administered_date = refused_days.administered_date
),

invalid as (
    select
        students.student_key,
        students.phu_id,
        students.age,
        refused.antigen,
        refused.schedule,
        refused.administered_date,
        refused.reason
    from refused
    inner join students
        on refused.student_key = students.student_key
    left join counted
        on
            refused.student_key = counted.student_key
            and refused.administered_date = counted.administered_date
            and refused.agent = counted.agent
            and coalesce(refused.immunization_id, '') = counted.immunization_id
    where counted.student_key is null
),

students_concerned as (
    select distinct
        student_key,
        antigen
    from invalid
),

ranked as (
    select
        students_concerned.student_key,
        students_concerned.antigen,
        schedules.schedule,
        row_number() over (
            partition by students_concerned.student_key, students_concerned.antigen
            order by
                {{ slots_counted('series') }} desc,
                schedules.sort_order asc
        ) as place
    from students_concerned
    inner join schedules
        on students_concerned.antigen = schedules.antigen
    left join series
        on
            students_concerned.student_key = series.student_key
            and schedules.antigen = series.antigen
            and schedules.schedule = series.schedule
),

final as (
    select
        invalid.phu_id,
        invalid.age,
        invalid.antigen,
        cast(extract(year from invalid.administered_date) as int) as year_given,
        invalid.reason,
        count(*) as doses
    from invalid
    inner join ranked
        on
            invalid.student_key = ranked.student_key
            and invalid.antigen = ranked.antigen
            and invalid.schedule = ranked.schedule
            and ranked.place = 1
    group by
        invalid.phu_id, invalid.age, invalid.antigen, cast(extract(year from invalid.administered_date) as int), invalid.reason
)

select * from final
