{{ config(incremental_strategy='append') }}

{%- set rule_tables = (graph.nodes or {}).values() | selectattr('config.schema', 'equalto', 'annex') | list -%}
{%- set accepted = env_var('ACCEPT', '').replace(',', ' ').split() | unique | sort | join(' ') | replace("'", "''") -%}
{%- set commit = env_var('PROJECT_COMMIT', '') | replace("'", "''") -%}
{#- A day after the build is a mistake in the extract. -#}
{%- set last_recorded_date
    = "max(case when recorded_date <= date '" ~ run_started_at.strftime('%Y-%m-%d') ~ "' then recorded_date end)" -%}
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
        {{ content_hash(['source_row_number'] + columns) }} as content_hash,
        {{ last_recorded_date if extract_name == 'immunizations' else 'cast(null as date)' }} as last_recorded_date
    from {{ ref('base_panorama__' ~ extract_name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A mark on some clients only says nothing about the others.
clients as (
    select coalesce(min(case when is_synthetic then 1 else 0 end) = 1, false) as is_synthetic
    from {{ ref('base_panorama__clients') }}
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp) as built_at,
        school_year.school_year,
        '{{ var("education_record_window") }}' as education_record_window,
        {{ is_demonstration() | lower }} as is_demonstration,
        '{{ var("project_version") }}' as project_version,
        '{{ local_md5(rule_tables | map(attribute='checksum.checksum') | sort | join(' ')) }}' as rules_hash,
        inputs.extract_name,
        cast(inputs.row_count as bigint) as row_count,
        inputs.content_hash,
        inputs.last_recorded_date,
        'succeeded' as outcome,
        cast({{ "'" ~ accepted ~ "'" if accepted else 'null' }} as {{ dbt.type_string() }}) as accepted,
        cast({{ "'" ~ commit ~ "'" if commit else 'null' }} as {{ dbt.type_string() }}) as project_commit,
        clients.is_synthetic
    from inputs
    cross join school_year
    cross join clients
)

select * from final
