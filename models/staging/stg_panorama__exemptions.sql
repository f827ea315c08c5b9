-- A table: seven models read it, and its labels are slow to normalize.
{{ config(materialized='table') }}

with exemptions as (
    select extract_rows.*
    from {{ ref('base_panorama__exemptions') }} as extract_rows
    left join {{ ref('base_panorama__exemptions_surplus') }} as surplus
        on extract_rows.source_row_number = surplus.source_row_number
    where
        extract_rows.not_in_force is null
        and surplus.source_row_number is null
),

reason_aliases as (
    select
        {{ normalized_label('alias') }} as alias_label,
        {{ normalized_label('reason') }} as reason_label
    from {{ ref('exemption_reason_aliases') }}
),

labelled as (
    select
        *,
        {{ normalized_label('exemption_antigen') }} as exemption_antigen_label,
        {{ normalized_label('reason') }} as written_reason_label
    from exemptions
),

final as (
    select
        labelled.source_row_number,
        labelled.exemption_id,
        labelled.client_id,
        labelled.exemption_antigen,
        labelled.exemption_antigen_label,
        labelled.reason,
        coalesce(reason_aliases.reason_label, labelled.written_reason_label) as reason_label,
        labelled.effective_from,
        labelled.effective_from_unparsed,
        labelled.effective_to,
        labelled.effective_to_unparsed
    from labelled
    left join reason_aliases
        on labelled.written_reason_label = reason_aliases.alias_label
)

select * from final
