with final as (
    {{ surplus_rows(ref('base_panorama__exemptions'), 'exemptions', 'exemption_id', [
        'client_id', 'exemption_antigen', 'reason', 'effective_from', 'effective_from_unparsed',
        'effective_to', 'effective_to_unparsed'
    ]) }}
)

select * from final
