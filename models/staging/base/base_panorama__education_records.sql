with source as (
    select * from {{ extract_rows(ref('education_records') if is_demonstration() else source('panorama', 'education_records')) }} as raw_rows
),

final as (
    {{ values_read(
        'source',
        ref('base_panorama__value_meanings'),
        ids=['education_record_id', 'client_id', 'school_id'],
        dates=['effective_from', 'effective_to'],
        texts=['grade']
    ) }}
)

select * from final
