{#- Part of the cell that matches no format of base_panorama__history_doses. -#}
with source as (
    select * from {{ extract_rows(source('panorama', 'immunization_histories')) }} as raw_rows
),

read as (
    {{ values_read('source', ref('base_panorama__value_meanings'), ids=['client_id'], texts=['history']) }}
),

final as (
    select
        source_row_number,
        client_id,
        history,
        nullif(
            trim(
                both concat(' ,;-', chr(9), chr(10), chr(13), chr(160))
                from {{ rewritten('history', [[patterns().bracketed, ' '], [patterns().dated, ' ']]) }}
            ),
            ''
        ) as unexplained_text,
        not_in_force,
        readings
    from read
)

select * from final
