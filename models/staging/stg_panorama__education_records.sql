with education_records as (
    {{ without_surplus_rows(ref('base_panorama__education_records'), ref('base_panorama__education_records_surplus')) }}
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
