with schools as (
    {{ without_surplus_rows(ref('base_panorama__schools'), 'schools') }}
),

final as (
    select
        source_row_number,
        school_id,
        school_name,
        school_type,
        {{ normalized_label('school_type') }} as school_type_label,
        public_health_unit,
        {{ normalized_label('public_health_unit') }} as public_health_unit_label,
        school_board
    from schools
)

select * from final
