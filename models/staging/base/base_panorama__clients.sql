with source as (
    select * from {{ extract('clients') }} as raw_rows
),

parsed as (
    select
        *,
        {{ parsed_date('date_of_birth') }} as parsed_date_of_birth
    from source
),

typed as (
    select
        source_row_number,
        {{ trimmed('client_id') }} as client_id,
        parsed_date_of_birth as date_of_birth,
        {{ unparsed_date('date_of_birth', 'parsed_date_of_birth') }} as date_of_birth_unparsed,
        {{ trimmed('gender') }} as gender,
        {{ trimmed('client_status') }} as client_status,
        not_in_force
    from parsed
),

final as (
    select
        *,
        {{ student_key('client_id') }} as student_key
    from typed
)

select * from final
