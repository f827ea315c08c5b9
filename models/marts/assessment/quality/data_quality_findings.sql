{{ config(materialized='view') }}

select
    school_year,
    check_name,
    table_name,
    row_id,
    source_row_number,
    column_name,
    value,
    reason
from {{ ref('int_data_quality_findings') }}
