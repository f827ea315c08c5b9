with histories as (
    select * from {{ ref('base_panorama__immunization_histories') }}
    where not_in_force is null
),

unpacked as (
    {{ unpacked_history('histories') }}
),

parsed as (
    select
        *,
        {{ parsed_date('date_text') }} as parsed_administered_date
    from unpacked
),

typed as (
    select
        concat(
            'H', cast(source_row_number as {{ dbt.type_string() }}), '-', cast(position_in_history as {{ dbt.type_string() }})
        ) as immunization_id,
        client_id,
        {{ trimmed('agent') }} as agent,
        parsed_administered_date as administered_date,
        {{ unparsed_date('date_text', 'parsed_administered_date') }} as administered_date_unparsed,
        panorama_verdict
    from parsed
),

final as (
    {{ with_student_key('typed', ref('base_panorama__clients')) }}
)

select * from final
