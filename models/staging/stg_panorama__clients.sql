with clients as (
    select extract_rows.*
    from {{ ref('base_panorama__clients') }} as extract_rows
    left join {{ ref('base_panorama__clients_surplus') }} as surplus
        on extract_rows.source_row_number = surplus.source_row_number
    where
        extract_rows.not_in_force is null
        and surplus.source_row_number is null
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
