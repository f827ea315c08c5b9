{#- Id column of each extract; histories have none. -#}
{%- set ids = {
    'clients': 'client_id', 'schools': 'school_id', 'education_records': 'education_record_id', 'immunizations': 'immunization_id',
    'exemptions': 'exemption_id', 'immunization_histories': 'cast(source_row_number as ' ~ dbt.type_string() ~ ')'
} -%}
{{ config(materialized='view') }}

with final as (
    {%- for extract_name, id in ids.items() %}
    select
        '{{ extract_name }}' as extract_name,
        source_row_number,
        {{ id }} as row_id,
        not_in_force,
        readings
    from {{ ref('base_panorama__' ~ extract_name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
