-- Fails where a check of severity `error` found something: see assessment.data_quality_findings.
select
    {{ adapter.quote('check') }},
    rows_failed
from {{ ref('data_quality') }}
where
    severity = 'error'
    and rows_failed > 0
