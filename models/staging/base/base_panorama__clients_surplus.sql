with final as (
    {{ surplus_rows(ref('base_panorama__clients'), 'clients', 'client_id', [
        'date_of_birth', 'date_of_birth_unparsed', 'gender_written', 'client_status_written'
    ]) }}
)

select * from final
