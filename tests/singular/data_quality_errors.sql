-- Fails where a check of severity `error` found more than its thresholds: see assessment.data_quality_findings.
select
    {{ adapter.quote('check') }},
    rows_failed
from {{ ref('data_quality') }}
where
    outcome = 'failed'
    and {{ is_of_this_build() }}
