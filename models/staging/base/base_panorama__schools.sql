with source as (
    select * from {{ extract('schools') }} as raw_rows
),

final as (
    select
        source_row_number,
        {{ trimmed('school_id') }} as school_id,
        {{ trimmed('school_name') }} as school_name,
        {{ trimmed('school_type') }} as school_type,
        {{ trimmed('public_health_unit') }} as public_health_unit,
        {{ trimmed('school_board') }} as school_board,
        not_in_force
    from source
)

select * from final
