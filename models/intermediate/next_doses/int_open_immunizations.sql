with immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

open_students as (
    select distinct
        student_key,
        client_id,
        date_of_birth
    from open_antigens
),

final as (
    select
        open_students.student_key,
        open_students.client_id,
        open_students.date_of_birth,
        immunizations.agent,
        immunizations.administered_date
    from immunizations
    cross join school_year
    inner join open_students
        on immunizations.student_key = open_students.student_key
    where immunizations.administered_date <= school_year.assessment_date
)

select * from final
