{% macro extract_columns(extract_name=none) -%}
    {%- set columns = {
        'clients': {
            'required': ['client_id', 'date_of_birth', 'gender', 'client_status'],
            'optional': []
        },
        'schools': {
            'required': ['school_id', 'school_name', 'school_type', 'public_health_unit'],
            'optional': ['school_board']
        },
        'education_records': {
            'required': ['education_record_id', 'client_id', 'school_id', 'effective_from', 'effective_to'],
            'optional': ['grade']
        },
        'immunizations': {
            'required': ['immunization_id', 'client_id', 'agent', 'administered_date', 'trade_name'],
            'optional': ['lot_number', 'reported_by', 'recorded_date']
        },
        'exemptions': {
            'required': ['exemption_id', 'client_id', 'antigen', 'reason', 'effective_from', 'effective_to'],
            'optional': []
        },
        'immunization_histories': {
            'required': ['client_id', 'history'],
            'optional': [],
            'may_be_missing': True
        }
    } -%}
    {{ return(columns[extract_name] if extract_name else columns) }}
{%- endmacro %}
