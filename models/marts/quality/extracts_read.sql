{#- Jinja loops: the linter reports their lines as badly indented.
-- sqlfluff:exclude_rules:references.keywords,structure.column_order,layout.indent
-#}
{%- set string = dbt.type_string() -%}
{#- The reader's notes; none if dbt reads the folder itself, nor for the demonstration. -#}
{%- set recorded = prepared_file('reading_notes.parquet') -%}
{#- Extract, column, and the CTE of spellings read as another name: spelling, meaning, row_count, is_cell. -#}
{%- set names = [
    ['clients', 'gender', 'genders'], ['clients', 'client_status', 'statuses'], ['immunizations', 'agent', 'agents'],
    ['exemptions', 'antigen', 'antigens'], ['exemptions', 'reason', 'reasons'], ['schools', 'school_type', 'school_types'],
    ['schools', 'public_health_unit', 'units']
] -%}
with school_year as (
    select * from {{ ref('int_school_year') }}
),

kinds as (
    select * from {{ ref('reading_kinds') }}
),

files as (
    select * from {{ ref('int_extract_files') }}
),

clients as (
    select * from {{ ref('base_panorama__clients') }}
),

public_health_units as (
    select * from {{ ref('int_public_health_units') }}
),

notes as (
    select
        {%- for text in ['extract_name', 'file', 'column_name', 'kind', 'detail'] %}
        cast({{ text if recorded else 'null' }} as {{ string }}) as {{ text }},
        {%- endfor %}
        cast({{ 'row_count' if recorded else 'null' }} as bigint) as row_count
    {{ 'from ' ~ recorded if recorded else 'where 1 = 0' }}
),

noted_rows as (
    select
        extract_name,
        source_row_number,
        readings
    from {{ ref('int_extract_rows') }}
    where readings is not null
    union all
    select
        'immunization_histories' as extract_name,
        source_row_number,
        readings
    from {{ ref('base_panorama__history_doses') }}
    where readings is not null
),

readings as (
    {{ matching_parts('noted_rows', ['extract_name', 'source_row_number'], 'readings', '[^;]+') }}
),

shapes as (
    select
        readings.extract_name,
        files.file,
        split_part(readings.part, '|', 1) as column_name,
        split_part(readings.part, '|', 2) as kind,
        nullif(split_part(readings.part, '|', 3), '') as shape,
        count(*) as row_count
    from readings
    left join files
        on
            readings.extract_name = files.extract_name
            and readings.source_row_number between files.first_row and files.last_row
    group by
        readings.extract_name, files.file, split_part(readings.part, '|', 1), split_part(readings.part, '|', 2),
        nullif(split_part(readings.part, '|', 3), '')
),

genders as (
    select
        gender_written as spelling,
        gender as meaning,
        count(*) as row_count,
        false as is_cell
    from clients
    where gender_written <> gender
    group by gender_written, gender
),

statuses as (
    select
        client_status_written as spelling,
        client_status as meaning,
        count(*) as row_count,
        false as is_cell
    from clients
    where client_status_written <> client_status
    group by client_status_written, client_status
),

agents as (
    select
        agent as spelling,
        {{ joined_texts('agent_label', ' and ', 'agent_label') }} as meaning,
        max(records) as row_count,
        max(is_read_from_cell) as is_cell
    from {{ ref('int_agents') }}
    where
        is_known
        and agent_label <> {{ normalized_label('agent') }}
    group by agent
),

antigens as (
    select
        exemption_antigen_label as spelling,
        {{ joined_texts('antigen_label', ' and ', 'antigen_label') }} as meaning,
        max(records) as row_count,
        max(is_read_from_cell) as is_cell
    from {{ ref('int_exemption_antigens') }}
    where antigen_label <> exemption_antigen_label
    group by exemption_antigen_label
),

reasons_written as (
    select
        reason as spelling,
        reason_label as meaning,
        count(*) as row_count,
        false as is_cell
    from {{ ref('stg_panorama__exemptions') }}
    group by reason, reason_label
),

reasons as (
    select * from reasons_written
    where meaning <> {{ normalized_label('spelling') }}
),

school_types as (
    select
        school_type as spelling,
        school_type_label as meaning,
        count(*) as row_count,
        false as is_cell
    from {{ ref('stg_panorama__schools') }}
    where school_type_label <> {{ normalized_label('school_type') }}
    group by school_type, school_type_label
),

units as (
    select
        schools.public_health_unit as spelling,
        public_health_units.phu_name as meaning,
        count(*) as row_count,
        false as is_cell
    from {{ ref('stg_panorama__schools') }} as schools
    inner join public_health_units
        on schools.public_health_unit_label = public_health_units.public_health_unit_label
    where public_health_units.written_name <> public_health_units.phu_name
    group by schools.public_health_unit, public_health_units.phu_name
),

spellings as (
    {%- for extract_name, column_name, spellings_of_column in names %}
    select
        '{{ extract_name }}' as extract_name,
        cast(null as {{ string }}) as file,
        '{{ column_name }}' as column_name,
        {% if column_name in ['gender', 'client_status'] -%}
            'coded_word'
        {%- else -%}
            case when is_cell then 'several_in_cell' else 'alias' end
        {%- endif %} as kind,
        -- A spelling that occurs once may be personal data, so it is not shown.
        case when row_count > 1 then concat(spelling, ' → ', meaning) end as shape,
        row_count
    from {{ spellings_of_column }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

details as (
    select
        *,
        row_number() over (
            partition by extract_name, file, column_name, kind, case when shape is null then 1 else 0 end
            order by row_count desc, shape asc
        ) as detail_rank
    from (
        select * from shapes
        union all
        select * from spellings
    ) as both_kinds
),

counted as (
    select
        extract_name,
        file,
        column_name,
        kind,
        sum(row_count) as row_count,
        {{ joined_texts('case when detail_rank <= 10 then shape end', '; ', 'detail_rank') }} as detail
    from details
    group by extract_name, file, column_name, kind
    union all
    select
        extract_name,
        file,
        column_name,
        kind,
        sum(row_count) as row_count,
        {{ joined_texts('detail', '; ', 'detail') }} as detail
    from notes
    group by extract_name, file, column_name, kind
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        school_year.school_year,
        counted.extract_name,
        counted.file,
        counted.column_name,
        counted.kind,
        cast(counted.row_count as bigint) as row_count,
        counted.detail,
        kinds.sentence
    from counted
    cross join school_year
    left join kinds
        on counted.kind = kinds.kind
)

select * from final
