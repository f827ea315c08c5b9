with final as (
    {{ surplus_rows(ref('base_panorama__education_records'), 'education_records', 'education_record_id', [
        'client_id', 'school_id', 'effective_from', 'effective_from_unparsed', 'effective_to',
        'effective_to_unparsed', 'grade'
    ]) }}
)

select * from final
