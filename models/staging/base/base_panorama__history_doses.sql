with unpacked as (
    {{ unpacked_history(ref('base_panorama__immunization_histories')) }}
),

typed as (
    select
        concat(
            'H', cast(source_row_number as {{ dbt.type_string() }}), '-', cast(position_in_history as {{ dbt.type_string() }})
        ) as immunization_id,
        client_id,
        {{ trimmed('agent') }} as agent,
        {{ parsed_date('date_text') }} as administered_date,
        {{ unparsed_date('date_text') }} as administered_date_unparsed,
        panorama_verdict
    from unpacked
),

final as (
    {{ with_student_key('typed', ref('base_panorama__clients')) }}
)

select * from final
