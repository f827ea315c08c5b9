{{ config(materialized='view') }}

with final as (
    {%- for extract_name in ['clients', 'schools', 'education_records', 'immunizations', 'exemptions'] %}
    select
        extract_name,
        source_row_number,
        row_id,
        is_exact_copy
    from {{ ref('base_panorama__' ~ extract_name ~ '_surplus') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
