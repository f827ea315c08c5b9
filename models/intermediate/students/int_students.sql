with clients as (
    select * from {{ ref('int_clients_selected') }}
),

records as (
    select * from {{ ref('int_education_records_ranked') }}
),

final as (
    select
        clients.student_key,
        clients.client_id,
        clients.date_of_birth,
        clients.gender,
        clients.age,
        records.education_record_id,
        records.school_id,
        records.phu_id,
        records.phu_name,
        records.assignment_decision
    from clients
    inner join records
        on clients.student_key = records.student_key
    where records.record_rank = 1
)

select * from final
