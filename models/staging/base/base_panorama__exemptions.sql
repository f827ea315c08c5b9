with source as (
    select * from {{ extract('exemptions') }} as raw_rows
),

final as (
    select
        source_row_number,
        {{ trimmed('exemption_id') }} as exemption_id,
        {{ trimmed('client_id') }} as client_id,
        {{ trimmed('antigen') }} as exemption_antigen,
        {{ trimmed('reason') }} as reason,
        {{ parsed_date('effective_from') }} as effective_from,
        {{ unparsed_date('effective_from') }} as effective_from_unparsed,
        {{ parsed_date('effective_to') }} as effective_to,
        {{ unparsed_date('effective_to') }} as effective_to_unparsed
    from source
)

select * from final
