with source as (
    select * from {{ extract('education_records') }} as raw_rows
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
        {{ trimmed('education_record_id') }} as education_record_id,
        {{ trimmed('client_id') }} as client_id,
        {{ trimmed('school_id') }} as school_id,
        parsed_effective_from as effective_from,
        {{ unparsed_date('effective_from', 'parsed_effective_from') }} as effective_from_unparsed,
        parsed_effective_to as effective_to,
        {{ unparsed_date('effective_to', 'parsed_effective_to') }} as effective_to_unparsed,
        {{ trimmed('grade') }} as grade,
        not_in_force
    from parsed
)

select * from final
