with immunizations as (
    select extract_rows.*
    from {{ ref('base_panorama__immunizations') }} as extract_rows
    left join {{ ref('base_panorama__immunizations_surplus') }} as surplus
        on extract_rows.source_row_number = surplus.source_row_number
    where
        extract_rows.not_in_force is null
        and surplus.source_row_number is null
),

history_doses as (
    select * from {{ ref('base_panorama__history_doses') }}
),

final as (
    select
        source_row_number,
        immunization_id,
        student_key,
        client_id,
        agent,
        administered_date,
        administered_date_unparsed,
        trade_name,
        lot_number,
        reported_by,
        recorded_date,
        recorded_date_unparsed,
        cast(null as {{ dbt.type_string() }}) as panorama_verdict
    from immunizations
    {%- if var('recorded_by') != 'any_day' %}
    -- As an extraction on that date would show it; doses without a recorded date are kept.
    where coalesce(recorded_date <= date '{{ var('recorded_by') }}', true)
    {%- endif %}
    union all
    select
        cast(null as bigint) as source_row_number,
        immunization_id,
        student_key,
        client_id,
        agent,
        administered_date,
        administered_date_unparsed,
        cast(null as {{ dbt.type_string() }}) as trade_name,
        cast(null as {{ dbt.type_string() }}) as lot_number,
        cast(null as {{ dbt.type_string() }}) as reported_by,
        cast(null as date) as recorded_date,
        cast(null as {{ dbt.type_string() }}) as recorded_date_unparsed,
        panorama_verdict
    from history_doses
)

select * from final
