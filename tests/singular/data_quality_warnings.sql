-- Warns where a check of severity `warn` found something: see assessment.data_quality_findings.
{{ config(severity='warn') }}

select
    {{ adapter.quote('check') }},
    rows_failed
from {{ ref('data_quality') }}
where
    severity = 'warn'
    and rows_failed > 0
