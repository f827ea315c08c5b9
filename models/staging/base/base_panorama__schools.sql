with source as (
    select * from {{ extract_rows(ref('schools') if is_demonstration() else source('panorama', 'schools')) }} as raw_rows
),

final as (
    {{ values_read(
        'source',
        ref('base_panorama__value_meanings'),
        ids=['school_id'],
        labels=['school_type', 'public_health_unit'],
        texts=['school_name', 'school_board']
    ) }}
)

select * from final
