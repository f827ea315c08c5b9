with clients as (
    select * from {{ ref('stg_panorama__clients') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
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
        student_key,
        client_id,
        date_of_birth,
        gender,
        age
    from aged
    where age between 7 and 17
)

select * from final
