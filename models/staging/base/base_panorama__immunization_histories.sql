with source as (
    select * from {{ extract('immunization_histories') }} as raw_rows
),

final as (
    select
        source_row_number,
        {{ trimmed('client_id') }} as client_id,
        {{ trimmed('history') }} as history,
        {{ unexplained_history('history') }} as unexplained_text,
        not_in_force
    from source
)

select * from final
