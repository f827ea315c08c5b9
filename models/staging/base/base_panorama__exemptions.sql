with source as (
    select * from {{ extract('exemptions') }} as raw_rows
),

parsed as (
    select
        *,
        {{ parsed_date('effective_from') }} as parsed_effective_from,
        {{ parsed_date('effective_to') }} as parsed_effective_to
    from source
),

final as (
    select
        source_row_number,
        {{ trimmed('exemption_id') }} as exemption_id,
        {{ trimmed('client_id') }} as client_id,
        {{ trimmed('antigen') }} as exemption_antigen,
        {{ trimmed('reason') }} as reason,
        parsed_effective_from as effective_from,
        {{ unparsed_date('effective_from', 'parsed_effective_from') }} as effective_from_unparsed,
        parsed_effective_to as effective_to,
        {{ unparsed_date('effective_to', 'parsed_effective_to') }} as effective_to_unparsed,
        not_in_force
    from parsed
)

select * from final
