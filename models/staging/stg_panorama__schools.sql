with schools as (
    select extract_rows.*
    from {{ ref('base_panorama__schools') }} as extract_rows
    left join {{ ref('base_panorama__schools_surplus') }} as surplus
        on extract_rows.source_row_number = surplus.source_row_number
    where
        extract_rows.not_in_force is null
        and surplus.source_row_number is null
),

type_aliases as (
    select
        {{ normalized_label('alias') }} as alias_label,
        {{ normalized_label('school_type') }} as school_type_label
    from {{ ref('school_type_aliases') }}
),

labelled as (
    select
        *,
        {{ normalized_label('school_type') }} as written_type_label
    from schools
),

final as (
    select
        labelled.source_row_number,
        labelled.school_id,
        labelled.school_name,
        labelled.school_type,
        coalesce(type_aliases.school_type_label, labelled.written_type_label) as school_type_label,
        labelled.public_health_unit,
        {{ normalized_label('public_health_unit') }} as public_health_unit_label,
        labelled.school_board
    from labelled
    left join type_aliases
        on labelled.written_type_label = type_aliases.alias_label
)

select * from final
