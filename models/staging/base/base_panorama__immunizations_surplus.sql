with final as (
    {{ surplus_rows(ref('base_panorama__immunizations'), 'immunizations', 'immunization_id', [
        'client_id', 'agent', 'administered_date', 'administered_date_unparsed', 'trade_name',
        'lot_number', 'reported_by', 'recorded_date', 'recorded_date_unparsed'
    ]) }}
)

select * from final
