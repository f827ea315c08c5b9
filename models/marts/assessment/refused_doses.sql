{{ config(materialized='view') }}

select
    school_year,
    client_id,
    antigen,
    schedule,
    immunization_id,
    administered_date,
    agent,
    reason,
    rule_id,
    tried_dose_number,
    earliest_counted_date,
    counted_by_rule_id,
    days_short
from {{ ref('int_refused_doses') }}
