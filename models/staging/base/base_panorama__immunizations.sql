with source as (
    select * from {{ extract_rows(ref('immunizations') if is_demonstration() else source('panorama', 'immunizations')) }} as raw_rows
),

read as (
    {{ values_read(
        'source',
        ref('base_panorama__value_meanings'),
        ids=['immunization_id', 'client_id'],
        dates=['administered_date', 'recorded_date'],
        texts=['agent', 'trade_name', 'lot_number', 'reported_by']
    ) }}
),

final as (
    {{ with_student_key('read', ref('base_panorama__clients')) }}
)

select * from final
