with histories as (
    select * from {{ ref('base_panorama__immunization_histories') }}
    where not_in_force is null
),

unpacked as (
    {{ unpacked_history('histories') }}
),

entries as (
    select
        *,
        date_text as administered_date
    from unpacked
),

read as (
    {{ values_read(
        'entries',
        dates=['administered_date'],
        texts=['agent'],
        others=['source_row_number', 'position_in_history', 'client_id', 'panorama_verdict']
    ) }}
),

typed as (
    select
        concat(
            'H', cast(source_row_number as {{ dbt.type_string() }}), '-', cast(position_in_history as {{ dbt.type_string() }})
        ) as immunization_id,
        client_id,
        agent,
        administered_date,
        administered_date_unparsed,
        panorama_verdict,
        source_row_number,
        readings
    from read
),

final as (
    {{ with_student_key('typed', ref('base_panorama__clients')) }}
)

select * from final
