with source as (
    select * from {{ extract('immunization_histories') }} as raw_rows
),

read as (
    {{ values_read('source', ids=['client_id'], texts=['history']) }}
),

final as (
    select
        source_row_number,
        client_id,
        history,
        {{ unexplained_history('history') }} as unexplained_text,
        not_in_force,
        readings
    from read
)

select * from final
