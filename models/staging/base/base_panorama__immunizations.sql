with source as (
    select * from {{ extract('immunizations') }} as raw_rows
),

parsed as (
    select
        *,
        {{ parsed_date('administered_date') }} as parsed_administered_date,
        {{ parsed_date('recorded_date') }} as parsed_recorded_date
    from source
),

typed as (
    select
        source_row_number,
        {{ trimmed('immunization_id') }} as immunization_id,
        {{ trimmed('client_id') }} as client_id,
        {{ trimmed('agent') }} as agent,
        parsed_administered_date as administered_date,
        {{ unparsed_date('administered_date', 'parsed_administered_date') }} as administered_date_unparsed,
        {{ trimmed('trade_name') }} as trade_name,
        {{ trimmed('lot_number') }} as lot_number,
        {{ trimmed('reported_by') }} as reported_by,
        parsed_recorded_date as recorded_date,
        {{ unparsed_date('recorded_date', 'parsed_recorded_date') }} as recorded_date_unparsed,
        not_in_force
    from parsed
),

final as (
    {{ with_student_key('typed', ref('base_panorama__clients')) }}
)

select * from final
