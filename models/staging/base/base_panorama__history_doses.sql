{#-
    A client's whole history in one cell, one row per dose. Formats that Panorama and PEAR export:
        Aug 20, 2013 - DTaP-IPV-Hib; Nov 18, 2013 - Pneu-C-13 - Invalid     (or commas, a trailing one too)
        [2013 AUG 20: DTaP-IPV-Hib, Pneu-C-13] [2013 NOV 18: …]
        - ,                                                                  (none)
-#}
with histories as (
    select * from {{ ref('base_panorama__immunization_histories') }}
    where not_in_force is null
),

bracketed as (
    {{ matching_parts('histories', ['source_row_number', 'client_id'], 'history', patterns().bracketed) }}
),

days as (
    select
        source_row_number,
        client_id,
        position as day_number,
        trim(split_part(substring(part, 2), ':', 1)) as date_text,
        substring(part, position(':' in part) + 1, length(part) - position(':' in part) - 1) as agents
    from bracketed
),

entries_of_days as (
    {{ matching_parts('days', ['source_row_number', 'client_id', 'day_number', 'date_text'], 'agents', '[^,]+') }}
),

dated as (
    {{ matching_parts('histories', ['source_row_number', 'client_id'], 'history', patterns().dated) }}
),

entries as (
    select
        source_row_number,
        client_id,
        day_number,
        position as entry_number,
        date_text,
        part as entry
    from entries_of_days
    union all
    select
        source_row_number,
        client_id,
        position as day_number,
        1 as entry_number,
        split_part(part, ' - ', 1) as date_text,
        substring(part, position(' - ' in part) + 3) as entry
    from dated
),

unpacked as (
    select
        source_row_number,
        client_id,
        date_text as administered_date,
        {{ rewritten('entry', [[' - (?:Valid|Invalid)\\s*$', '']]) }} as agent,
        case
            when {{ has_match('entry', ' - Valid\\s*$') }} then 'Valid'
            when {{ has_match('entry', ' - Invalid\\s*$') }} then 'Invalid'
        end as panorama_verdict,
        row_number() over (partition by source_row_number order by day_number, entry_number, date_text, entry) as position_in_history
    from entries
    where trim(entry) <> ''
),

read as (
    {{ values_read(
        'unpacked',
        ref('base_panorama__value_meanings'),
        dates=['administered_date'],
        texts=['agent'],
        others=['source_row_number', 'position_in_history', 'client_id', 'panorama_verdict']
    ) }}
),

typed as (
    select
        concat(
            'H', cast(source_row_number as {{ dbt.type_string() }}), '-', cast(position_in_history as {{ dbt.type_string() }})
        ) as immunization_id,
        client_id,
        agent,
        administered_date,
        administered_date_unparsed,
        panorama_verdict,
        source_row_number,
        readings
    from read
),

final as (
    {{ with_student_key('typed', ref('base_panorama__clients')) }}
)

select * from final
