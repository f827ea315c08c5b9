with exemptions as (
    {{ without_surplus_rows(ref('base_panorama__exemptions'), 'exemptions') }}
),

final as (
    select
        source_row_number,
        exemption_id,
        client_id,
        exemption_antigen,
        {{ normalized_label('exemption_antigen') }} as exemption_antigen_label,
        reason,
        {{ normalized_label('reason') }} as reason_label,
        effective_from,
        effective_from_unparsed,
        effective_to,
        effective_to_unparsed
    from exemptions
)

select * from final
