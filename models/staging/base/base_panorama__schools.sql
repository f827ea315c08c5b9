with source as (
    select * from {{ extract('schools') }} as raw_rows
),

final as (
    {{ values_read(
        'source',
        ids=['school_id'],
        labels=['school_type', 'public_health_unit'],
        texts=['school_name', 'school_board']
    ) }}
)

select * from final
