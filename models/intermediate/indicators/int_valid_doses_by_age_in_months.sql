{%- set slots = slot_count() -%}
with series as (
    select * from {{ ref('int_series') }}
),

students as (
    select * from {{ ref('int_students') }}
),

recommended_days as (
    select * from {{ ref('int_recommended_days') }}
),

series_of_students as (
    select
        students.phu_id,
        students.age,
        students.date_of_birth,
        series.*
    from series
    inner join students
        on series.student_key = students.student_key
),

valid_doses as (
    {%- for slot in range(1, slots + 1) %}
    select
        phu_id,
        age,
        date_of_birth,
        antigen,
        schedule,
        {{ slot }} as dose_number,
        dose_{{ slot }}_date as dose_date
    from series_of_students
    where dose_{{ slot }}_date is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        valid_doses.phu_id,
        valid_doses.age,
        valid_doses.antigen,
        valid_doses.schedule,
        valid_doses.dose_number,
        cast({{ age_in_months('valid_doses.date_of_birth', 'valid_doses.dose_date') }} as int) as age_in_months,
        case
            when valid_doses.dose_date < recommended_days.day_from then 'early'
            when valid_doses.dose_date < recommended_days.day_before then 'timely'
            when recommended_days.day_before is not null then 'late'
        end as timing,
        count(*) as students
    from valid_doses
    left join recommended_days
        on
            valid_doses.date_of_birth = recommended_days.date_of_birth
            and valid_doses.antigen = recommended_days.antigen
            and valid_doses.schedule = recommended_days.schedule
            and valid_doses.dose_number = recommended_days.dose_number
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from final
