{#- Checks for ids missing in another extract: check, column, the extract that should have them. -#}
{%- set checks = [
    ['education_records_orphan_client', 'client_id', 'clients'],
    ['immunizations_orphan_client', 'client_id', 'clients'],
    ['exemptions_orphan_client', 'client_id', 'clients'],
    ['immunization_histories_orphan_client', 'client_id', 'clients'],
    ['education_records_unknown_school', 'school_id', 'schools']
] -%}
{#- Common form of damaged ids: lower case, without .0, blanks, hyphens and separators. -#}
{%- set bare_id -%}
translate(
            case
                when id like '%.0' then left(lower(id), length(id) - 2)
                when id like '%.00' then left(lower(id), length(id) - 3)
                else lower(id)
            end,
            ' -_/.,''',
            ''
        )
{%- endset -%}
{#- Common form of ids with a prefix, lost zeros or decimals. Most have no letters; translate is slower the more it replaces. -#}
{%- set digits -%}
trim(leading '0' from case
            when upper(bare_id) = bare_id then translate(bare_id, ':#()', '')
            else translate(bare_id, 'abcdefghijklmnopqrstuvwxyz:#()', '')
        end)
{%- endset -%}
{#- 1.23E+09: how Excel shows a long number. -#}
{%- set is_scientific = "(upper(id) like '_E+%' or upper(id) like '_._%E+%' or upper(id) like '_,_%E+%')" -%}
with findings as (
    select * from {{ ref('int_data_quality_findings') }}
),

clients as (
    select * from {{ ref('stg_panorama__clients') }}
),

schools as (
    select * from {{ ref('stg_panorama__schools') }}
),

files as (
    select * from {{ ref('int_extract_files') }}
),

checks as (
    {%- for check_name, column_name, known_extract in checks %}
    select
        '{{ check_name }}' as check_name,
        '{{ column_name }}' as column_name,
        '{{ known_extract }}' as known_extract
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

orphan_ids as (
    select
        findings.check_name,
        findings.table_name,
        checks.column_name,
        checks.known_extract,
        files.file,
        findings.value as id,
        count(*) as rows_of_id
    from findings
    inner join checks
        on findings.check_name = checks.check_name
    left join files
        on
            findings.table_name = files.extract_name
            and findings.source_row_number between files.first_row and files.last_row
    where findings.value is not null
    group by findings.check_name, findings.table_name, checks.column_name, checks.known_extract, files.file, findings.value
),

bare_orphans as (
    select
        *,
        {{ bare_id }} as bare_id,
        {{ is_scientific }} as is_scientific
    from orphan_ids
),

orphans as (
    select
        *,
        {{ digits }} as digits
    from bare_orphans
),

known_ids as (
    select
        'clients' as known_extract,
        client_id as id,
        source_row_number
    from clients
    where client_id is not null
    union all
    select
        'schools' as known_extract,
        school_id as id,
        source_row_number
    from schools
    where school_id is not null
),

lengths as (
    select
        known_extract,
        length(id) as id_length,
        count(*) as ids
    from known_ids
    group by known_extract, length(id)
),

-- Most frequent length of ids; ids with a prefix are cut to it.
usual_lengths as (
    select
        known_extract,
        {{ first_by('id_length', ['-1 * ids', 'id_length']) }} as id_length
    from lengths
    group by known_extract
),

orphan_lengths as (
    select
        known_extract,
        file,
        length(bare_id) as id_length,
        count(*) as ids
    from orphans
    group by known_extract, file, length(bare_id)
),

orphan_lengths_by_file as (
    select
        known_extract,
        {{ first_by('id_length', ['-1 * ids', 'id_length']) }} as id_length
    from orphan_lengths
    group by known_extract, file
),

-- Most frequent length of ids in a file; the ids that it should match are cut to it.
usual_orphan_lengths as (
    select distinct
        known_extract,
        id_length
    from orphan_lengths_by_file
),

orphan_keys as (
    select
        orphans.*,
        orphans.digits as id_key
    from orphans
    where orphans.digits <> ''
    union
    select
        orphans.*,
        orphans.bare_id as id_key
    from orphans
    union
    select
        orphans.*,
        right(orphans.bare_id, usual_lengths.id_length) as id_key
    from orphans
    inner join usual_lengths
        on orphans.known_extract = usual_lengths.known_extract
    union
    select
        orphans.*,
        left(orphans.bare_id, usual_lengths.id_length) as id_key
    from orphans
    inner join usual_lengths
        on orphans.known_extract = usual_lengths.known_extract
),

bare_ids as (
    select
        *,
        {{ bare_id }} as bare_id,
        {{ is_scientific }} as is_scientific
    from known_ids
    where known_extract in (select orphans.known_extract from orphans)
),

bare_known_ids as (
    select
        *,
        {{ digits }} as digits
    from bare_ids
),

known_keys as (
    select
        *,
        digits as id_key
    from bare_known_ids
    where digits <> ''
    union all
    select
        *,
        bare_id as id_key
    from bare_known_ids
    where bare_id <> digits
    union all
    select
        known.*,
        left(known.bare_id, usual_orphan_lengths.id_length) as id_key
    from bare_known_ids as known
    inner join usual_orphan_lengths
        on known.known_extract = usual_orphan_lengths.known_extract
    where length(known.bare_id) > usual_orphan_lengths.id_length
    union all
    select
        known.*,
        right(known.bare_id, usual_orphan_lengths.id_length) as id_key
    from bare_known_ids as known
    inner join usual_orphan_lengths
        on known.known_extract = usual_orphan_lengths.known_extract
    where length(known.bare_id) > usual_orphan_lengths.id_length
),

paired as (
    select
        orphans.check_name,
        orphans.table_name,
        orphans.column_name,
        orphans.known_extract,
        orphans.file,
        orphans.id,
        orphans.rows_of_id,
        known.source_row_number as known_row_number,
        lower(orphans.id) as orphan_id,
        lower(known.id) as known_id,
        orphans.bare_id as bare_orphan_id,
        known.bare_id as bare_known_id
    from orphan_keys as orphans
    inner join known_keys as known
        on
            orphans.known_extract = known.known_extract
            and orphans.id_key = known.id_key
),

explained as (
    select
        *,
        case
            when orphan_id = known_id then 'letter_case'
            when translate(orphan_id, ' -_/.,''', '') = translate(known_id, ' -_/.,''', '')
                then case when concat(orphan_id, known_id) like '%,%' then 'separators' else 'blanks_or_hyphens' end
            when
                trim(leading '0' from bare_orphan_id) = trim(leading '0' from bare_known_id)
                and (orphan_id like '%.0' or orphan_id like '%.00' or known_id like '%.0' or known_id like '%.00')
                then 'decimals'
            when trim(leading '0' from bare_orphan_id) = trim(leading '0' from bare_known_id) then 'leading_zeros'
            when bare_orphan_id like concat('%', bare_known_id, '%') then 'prefix_or_suffix'
            when bare_known_id like concat(bare_orphan_id, '%') then 'cut_short'
            when bare_known_id like concat('%', bare_orphan_id, '%') then 'prefix_or_suffix'
        end as damage
    from paired
),

sided as (
    select
        *,
        case damage
            when 'letter_case' then false
            when 'leading_zeros' then length(known_id) < length(orphan_id)
            when 'cut_short' then false
            when 'decimals' then not (orphan_id like '%.0' or orphan_id like '%.00')
            else length(known_id) > length(orphan_id)
        end as is_known_damaged
    from explained
    where damage is not null
),

-- One explanation per id, the simplest.
chosen as (
    select
        sided.*,
        row_number() over (
            partition by sided.check_name, sided.file, sided.id
            order by
                case sided.damage
                    when 'letter_case' then 1
                    when 'blanks_or_hyphens' then 2
                    when 'decimals' then 3
                    when 'leading_zeros' then 4
                    when 'separators' then 2
                    when 'prefix_or_suffix' then 5
                    else 6
                end,
                sided.known_row_number
        ) as place
    from sided
),

scientific_known_ids as (
    select
        known_ids.known_extract,
        min(files.file) as file
    from bare_ids as known_ids
    inner join files
        on
            known_ids.known_extract = files.extract_name
            and known_ids.source_row_number between files.first_row and files.last_row
    where known_ids.is_scientific
    group by known_ids.known_extract
    having count(*) > 1
),

placed as (
    select
        chosen.check_name,
        chosen.table_name,
        chosen.column_name,
        chosen.known_extract,
        chosen.file,
        chosen.damage,
        chosen.is_known_damaged,
        chosen.rows_of_id,
        case when chosen.is_known_damaged then chosen.known_extract else chosen.table_name end as damaged_extract,
        case when chosen.is_known_damaged then files.file else chosen.file end as damaged_file
    from chosen
    left join files
        on
            chosen.is_known_damaged
            and chosen.known_extract = files.extract_name
            and chosen.known_row_number between files.first_row and files.last_row
    where chosen.place = 1
    union all
    -- Lost digits match nothing; they are recognized by what is left.
    select
        check_name,
        table_name,
        column_name,
        known_extract,
        file,
        'scientific_notation' as damage,
        false as is_known_damaged,
        rows_of_id,
        table_name as damaged_extract,
        file as damaged_file
    from orphans
    where is_scientific
    union all
    select
        orphans.check_name,
        orphans.table_name,
        orphans.column_name,
        orphans.known_extract,
        orphans.file,
        'scientific_notation' as damage,
        true as is_known_damaged,
        orphans.rows_of_id,
        orphans.known_extract as damaged_extract,
        scientific.file as damaged_file
    from orphans
    inner join scientific_known_ids as scientific
        on orphans.known_extract = scientific.known_extract
    where not orphans.is_scientific
),

orphans_by_file as (
    select
        check_name,
        coalesce(file, '') as file,
        count(*) as ids
    from orphans
    group by check_name, coalesce(file, '')
),

explained_by_file as (
    select
        check_name,
        coalesce(file, '') as file,
        count(*) as ids
    from placed
    group by check_name, coalesce(file, '')
),

-- A few of many ids look damaged by chance.
final as (
    select
        placed.check_name,
        placed.table_name,
        placed.column_name,
        placed.known_extract,
        placed.damage,
        placed.damaged_extract,
        placed.damaged_file,
        count(*) as ids,
        cast(sum(placed.rows_of_id) as bigint) as row_count
    from placed
    inner join orphans_by_file
        on
            placed.check_name = orphans_by_file.check_name
            and coalesce(placed.file, '') = orphans_by_file.file
    inner join explained_by_file
        on
            placed.check_name = explained_by_file.check_name
            and coalesce(placed.file, '') = explained_by_file.file
    where 2 * explained_by_file.ids >= orphans_by_file.ids
    group by
        placed.check_name, placed.table_name, placed.column_name, placed.known_extract, placed.damage, placed.damaged_extract,
        placed.damaged_file
    having count(*) > 1
)

select * from final
