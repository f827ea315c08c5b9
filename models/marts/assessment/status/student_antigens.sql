{{ config(materialized='view') }}

select
    school_year,
    client_id,
    age,
    antigen,
    valid_doses,
    has_any_dose,
    has_valid_dose,
    is_up_to_date_by_doses,
    has_evidence_of_immunity,
    is_up_to_date,
    schedule,
    criterion
from {{ ref('int_student_antigens') }}
