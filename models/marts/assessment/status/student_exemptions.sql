{{ config(materialized='view') }}

select
    school_year,
    client_id,
    age,
    antigen,
    has_medical_exemption,
    has_nonmedical_exemption
from {{ ref('int_student_exemptions') }}
