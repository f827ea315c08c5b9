-- A rule refers only to earlier doses: the first slot to none, the others to a reference dose before their own.
select
    'dose_rules' as table_name,
    rule_id,
    dose_number,
    reference_dose_number,
    'refers to a dose that is not earlier than its own, or to a reference dose without a number or an age' as problem
from {{ ref('dose_rules') }}
where
    coalesce(reference_dose_number >= dose_number, false)
    or (reference_dose_number is null) <> (coalesce(reference_dose_age_from, reference_dose_age_before) is null)
    or (
        dose_number = 1
        and coalesce(first_dose_age_from, first_dose_age_before, interval_from, first_dose_interval_from) is not null
    )
