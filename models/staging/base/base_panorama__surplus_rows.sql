with clients as (
    {{ surplus_rows(ref('base_panorama__clients'), 'clients', 'client_id',
        ['date_of_birth', 'date_of_birth_unparsed', 'gender_written', 'client_status_written']) }}
),

schools as (
    {{ surplus_rows(ref('base_panorama__schools'), 'schools', 'school_id',
        ['school_name', 'school_type', 'public_health_unit', 'school_board']) }}
),

education_records as (
    {{ surplus_rows(ref('base_panorama__education_records'), 'education_records', 'education_record_id',
        ['client_id', 'school_id', 'effective_from', 'effective_from_unparsed', 'effective_to', 'effective_to_unparsed',
            'grade']) }}
),

immunizations as (
    {{ surplus_rows(ref('base_panorama__immunizations'), 'immunizations', 'immunization_id',
        ['client_id', 'agent', 'administered_date', 'administered_date_unparsed', 'trade_name', 'lot_number',
            'reported_by', 'recorded_date', 'recorded_date_unparsed']) }}
),

exemptions as (
    {{ surplus_rows(ref('base_panorama__exemptions'), 'exemptions', 'exemption_id',
        ['client_id', 'exemption_antigen', 'reason', 'effective_from', 'effective_from_unparsed', 'effective_to',
            'effective_to_unparsed']) }}
),

final as (
    select * from clients
    union all
    select * from schools
    union all
    select * from education_records
    union all
    select * from immunizations
    union all
    select * from exemptions
)

select * from final
