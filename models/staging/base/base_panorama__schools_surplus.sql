with final as (
    {{ surplus_rows(ref('base_panorama__schools'), 'schools', 'school_id', [
        'school_name', 'school_type', 'public_health_unit', 'school_board'
    ]) }}
)

select * from final
