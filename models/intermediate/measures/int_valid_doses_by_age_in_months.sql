{%- set slots = slot_count() -%}
with series as (
    select * from {{ ref('int_series') }}
),

students as (
    select * from {{ ref('int_students') }}
),

recommended_ages as (
    select * from {{ ref('int_recommended_ages') }}
),

valid_doses as (
    {%- for slot in range(1, slots + 1) %}
    select
        student_key,
        antigen,
        schedule,
        {{ slot }} as dose_number,
        dose_{{ slot }}_date as dose_date
    from series
    where dose_{{ slot }}_date is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        students.phu_id,
        students.age,
        valid_doses.antigen,
        valid_doses.schedule,
        valid_doses.dose_number,
        cast({{ age_in_months('students.date_of_birth', 'valid_doses.dose_date') }} as int) as age_in_months,
        case
            when valid_doses.dose_date < {{ add_period('students.date_of_birth', 'recommended_ages.age_from') }} then 'early'
            when valid_doses.dose_date < {{ add_period('students.date_of_birth', 'recommended_ages.age_before') }} then 'timely'
            when recommended_ages.age_before is not null then 'late'
        end as timing,
        count(*) as students
    from valid_doses
    inner join students
        on valid_doses.student_key = students.student_key
    left join recommended_ages
        on
            valid_doses.antigen = recommended_ages.antigen
            and valid_doses.schedule = recommended_ages.schedule
            and valid_doses.dose_number = recommended_ages.dose_number
    group by 1, 2, 3, 4, 5, 6, 7
)

select * from final
