with source as (
    select * from {{ extract_rows(ref('clients') if is_demonstration() else source('panorama', 'clients')) }} as raw_rows
),

coded_values as (
    select
        column_name,
        {{ normalized_label('written') }} as written_label,
        meaning,
        is_number_code
    from {{ ref('coded_values') }}
),

read as (
    {{ values_read('source', ref('base_panorama__value_meanings'), ids=['client_id'], dates=['date_of_birth'], codes=['gender', 'client_status'],
        others=['source_row_number', 'not_in_force', 'is_synthetic']) }}
),

spellings as (
    select distinct
        'gender' as column_name,
        gender as spelling
    from read
    where gender is not null
    union all
    select distinct
        'client_status' as column_name,
        client_status as spelling
    from read
    where client_status is not null
),

spellings_known as (
    select
        spellings.column_name,
        spellings.spelling,
        coded_values.meaning,
        coded_values.written_label,
        coalesce(coded_values.is_number_code, false) as is_number_code
    from spellings
    left join coded_values
        on
            spellings.column_name = coded_values.column_name
            and {{ normalized_label('spellings.spelling') }} = coded_values.written_label
),

-- Numbers are a code only if the column has nothing else and both codes occur: 1 alone, or beside words, could mean anything.
columns_in_numbers as (
    select
        column_name,
        min(case when is_number_code then 1 else 0 end) = 1
        and count(distinct meaning) > 1 as is_in_numbers
    from spellings_known
    group by column_name
),

meanings as (
    select
        spellings_known.column_name,
        spellings_known.spelling,
        spellings_known.meaning
    from spellings_known
    inner join columns_in_numbers
        on spellings_known.column_name = columns_in_numbers.column_name
    where
        spellings_known.written_label is not null
        and (columns_in_numbers.is_in_numbers or not spellings_known.is_number_code)
),

-- Other values are kept as written.
typed as (
    select
        read.source_row_number,
        read.client_id,
        read.date_of_birth,
        read.date_of_birth_unparsed,
        case when genders.meaning in ('F', 'M') then genders.meaning else read.gender end as gender,
        read.gender is null or genders.spelling is not null as is_known_gender,
        read.gender as gender_written,
        case when statuses.meaning = 'Active' then 'Active' else read.client_status end as client_status,
        read.client_status is null or statuses.spelling is not null as is_known_status,
        read.client_status as client_status_written,
        coalesce(lower(trim(read.is_synthetic)) = 'true', false) as is_synthetic,
        read.not_in_force,
        read.readings
    from read
    left join meanings as genders
        on
            read.gender = genders.spelling
            and genders.column_name = 'gender'
    left join meanings as statuses
        on
            read.client_status = statuses.spelling
            and statuses.column_name = 'client_status'
),

final as (
    select
        *,
        {{ student_key('client_id') }} as student_key
    from typed
)

select * from final
