with clients as (
    select * from {{ ref('stg_panorama__clients') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

-- Assessed ages are those with school types.
ages as (
    select
        min(age_from) as age_from,
        max(age_before) as age_before
    from {{ ref('school_type_priorities') }}
),

aged as (
    select
        clients.student_key,
        clients.client_id,
        clients.date_of_birth,
        clients.gender,
        school_year.first_year - cast(extract(year from clients.date_of_birth) as int) as age
    from clients
    cross join school_year
    where
        clients.client_status = 'Active'
        and clients.client_id is not null
),

final as (
    select
        aged.student_key,
        aged.client_id,
        aged.date_of_birth,
        aged.gender,
        aged.age
    from aged
    inner join ages
        on aged.age >= ages.age_from and aged.age < ages.age_before
)

select * from final
