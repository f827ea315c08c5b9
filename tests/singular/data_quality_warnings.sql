-- Warns where a check of severity `warn` found more than its thresholds: see assessment.data_quality_findings.
{{ config(severity='warn') }}

select
    {{ adapter.quote('check') }},
    rows_failed
from {{ ref('data_quality') }}
where
    outcome = 'warned'
    and {{ is_of_this_build() }}
