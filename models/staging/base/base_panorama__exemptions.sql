with source as (
    select * from {{ extract_rows(ref('exemptions') if is_demonstration() else source('panorama', 'exemptions')) }} as raw_rows
),

read as (
    {{ values_read(
        'source',
        ref('base_panorama__value_meanings'),
        ids=['exemption_id', 'client_id'],
        dates=['effective_from', 'effective_to'],
        labels=['antigen', 'reason']
    ) }}
),

final as (
    select
        source_row_number,
        exemption_id,
        client_id,
        antigen as exemption_antigen,
        reason,
        effective_from,
        effective_from_unparsed,
        effective_to,
        effective_to_unparsed,
        not_in_force,
        readings
    from read
)

select * from final
