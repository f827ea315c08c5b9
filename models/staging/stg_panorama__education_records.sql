with education_records as (
    select extract_rows.*
    from {{ ref('base_panorama__education_records') }} as extract_rows
    left join {{ ref('base_panorama__education_records_surplus') }} as surplus
        on extract_rows.source_row_number = surplus.source_row_number
    where
        extract_rows.not_in_force is null
        and surplus.source_row_number is null
),

final as (
    select
        source_row_number,
        education_record_id,
        client_id,
        school_id,
        effective_from,
        effective_from_unparsed,
        effective_to,
        effective_to_unparsed,
        grade
    from education_records
)

select * from final
