with students as (
    select * from {{ ref('int_students') }}
),

recommended_ages as (
    select * from {{ ref('int_recommended_ages') }}
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
        {{ add_period('births.date_of_birth', 'recommended_ages.age_from') }} as day_from,
        {{ add_period('births.date_of_birth', 'recommended_ages.age_before') }} as day_before
    from births
    cross join recommended_ages
)

select * from final
