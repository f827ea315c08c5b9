{{ config(materialized='view') }}

select
    school_year,
    client_id,
    antigen,
    schedule,
    immunization_id,
    administered_date,
    agent,
    is_valid,
    dose_number,
    reason,
    rule_id
from {{ ref('int_doses_judged') }}
