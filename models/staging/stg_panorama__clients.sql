with clients as (
    {{ without_surplus_rows(ref('base_panorama__clients'), ref('base_panorama__clients_surplus')) }}
),

final as (
    select
        source_row_number,
        student_key,
        client_id,
        date_of_birth,
        date_of_birth_unparsed,
        gender,
        is_known_gender,
        client_status,
        is_known_status
    from clients
)

select * from final
