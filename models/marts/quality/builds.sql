{{ config(incremental_strategy='append') }}

{%- set rule_tables = (graph.nodes or {}).values() | selectattr('config.schema', 'equalto', 'annex') | list -%}
{%- set accepted = env_var('ACCEPT', '').replace(',', ' ').split() | unique | sort | join(' ') | replace("'", "''") -%}
{%- set commit = env_var('PROJECT_COMMIT', '') | replace("'", "''") -%}
with school_year as (
    select * from {{ ref('int_school_year') }}
),

inputs as (
    {%- for extract_name in [
        'clients', 'schools', 'education_records', 'immunizations', 'exemptions', 'immunization_histories'
    ] %}
    {%- set required = extract_columns().get(extract_name, {}).get('required', []) %}
    {%- set columns = required | map('replace', 'antigen', 'exemption_antigen') | list %}
    select
        '{{ extract_name }}' as extract_name,
        count(*) as row_count,
        {{ content_hash(['source_row_number'] + columns) }} as content_hash
    from {{ ref('base_panorama__' ~ extract_name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A date after the build is a typing error.
recorded as (
    select max(recorded_date) as last_recorded_date
    from {{ ref('stg_panorama__immunizations') }}
    where recorded_date <= date '{{ run_started_at.strftime("%Y-%m-%d") }}'
),

final as (
    select
        {{ build_id() }} as build_id,
        cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp) as built_at,
        school_year.school_year,
        '{{ var("education_record_window") }}' as education_record_window,
        {{ is_demonstration() | lower }} as is_demonstration,
        '{{ var("project_version") }}' as project_version,
        '{{ local_md5(rule_tables | map(attribute='checksum.checksum') | sort | join(' ')) }}' as rules_hash,
        inputs.extract_name,
        cast(inputs.row_count as bigint) as row_count,
        inputs.content_hash,
        'succeeded' as outcome,
        cast({{ "'" ~ accepted ~ "'" if accepted else 'null' }} as {{ dbt.type_string() }}) as accepted,
        cast({{ "'" ~ commit ~ "'" if commit else 'null' }} as {{ dbt.type_string() }}) as project_commit,
        recorded.last_recorded_date
    from inputs
    cross join school_year
    cross join recorded
)

select * from final
