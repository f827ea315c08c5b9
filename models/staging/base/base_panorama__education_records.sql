with source as (
    select * from {{ extract('education_records') }} as raw_rows
),

final as (
    select
        source_row_number,
        {{ trimmed('education_record_id') }} as education_record_id,
        {{ trimmed('client_id') }} as client_id,
        {{ trimmed('school_id') }} as school_id,
        {{ parsed_date('effective_from') }} as effective_from,
        {{ unparsed_date('effective_from') }} as effective_from_unparsed,
        {{ parsed_date('effective_to') }} as effective_to,
        {{ unparsed_date('effective_to') }} as effective_to_unparsed,
        {{ trimmed('grade') }} as grade
    from source
)

select * from final
