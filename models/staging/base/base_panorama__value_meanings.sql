with no_values as (
    select
        concat('|', {{ joined_texts('case when is_in_ids then lower(no_value_text) end', '|', 'no_value_text') }}, '|')
            as no_values_of_ids,
        max(case when is_in_ids then length(no_value_text) end) as longest_no_value_of_ids,
        concat('|', {{ joined_texts('case when is_in_dates then lower(no_value_text) end', '|', 'no_value_text') }}, '|')
            as no_values_of_dates,
        max(case when is_in_dates then length(no_value_text) end) as longest_no_value_of_dates,
        concat('|', {{ joined_texts('case when is_in_codes then lower(no_value_text) end', '|', 'no_value_text') }}, '|')
            as no_values_of_codes,
        max(case when is_in_codes then length(no_value_text) end) as longest_no_value_of_codes,
        concat('|', {{ joined_texts('case when is_in_labels then lower(no_value_text) end', '|', 'no_value_text') }}, '|')
            as no_values_of_labels,
        max(case when is_in_labels then length(no_value_text) end) as longest_no_value_of_labels
    from {{ ref('no_value_texts') }}
),

placeholders as (
    select
        concat('|', {{ joined_texts("concat(column_name, '=', placeholder_date)", '|', 'column_name, placeholder_date') }}, '|')
            as placeholder_dates,
        coalesce(max(case when placeholder_date < '2000' then cast(placeholder_date as date) end), date '0001-01-01')
            as early_placeholder,
        coalesce(min(case when placeholder_date >= '2000' then cast(placeholder_date as date) end), date '9999-12-31')
            as late_placeholder
    from {{ ref('placeholder_dates') }}
),

digits as (
    select
        max(case when column_name = 'client_id' then digits end) as client_id_digits,
        max(case when column_name = 'school_id' then digits end) as school_id_digits
    from {{ ref('id_digits') }}
),

final as (
    select
        no_values.*,
        placeholders.*,
        digits.*
    from no_values
    cross join placeholders
    cross join digits
)

select * from final
