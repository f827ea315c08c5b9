{{ config(materialized='view') }}

select
    school_year,
    client_id,
    age,
    antigen,
    status,
    refusal_reason,
    doses_needed,
    refused_doses
from {{ ref('int_students_not_up_to_date') }}
