with students as (
    select * from {{ ref('int_students') }}
),

recommended_ages as (
    select * from {{ ref('recommended_ages') }}
),

births as (
    select distinct date_of_birth
    from students
),

final as (
    select
        births.date_of_birth,
        recommended_ages.antigen,
        recommended_ages.schedule,
        recommended_ages.dose_number,
        {{ day_of_age('births.date_of_birth', 'recommended_ages.age_from') }} as day_from,
        {{ day_of_age('births.date_of_birth', 'recommended_ages.age_before') }} as day_before
    from births
    inner join recommended_ages
        on
            coalesce(births.date_of_birth >= recommended_ages.born_from, true)
            and coalesce(births.date_of_birth < recommended_ages.born_before, true)
)

select * from final
