{#-
    At the end of a build: what the checks found, worst first, each with its sentence, and where to look. Counts only. For who runs dbt
    by itself; `make build` prints a summary of its own (scripts/build_summary.py).
-#}
{% macro print_findings(results) -%}
    {%- set built = [] -%}
    {%- for result in results if result.node.unique_id == 'model.immunization_coverage.data_quality' -%}
        {%- if result.status == 'success' -%}
            {%- do built.append(result.node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and built -%}
        {%- set checks = run_query(
            "select * from " ~ built[0].relation_name ~ " where outcome not in ('passed', 'counted') and build_id = " ~ build_id()
            ~ " order by case outcome when 'failed' then 1 when 'accepted' then 2 when 'warned' then 3 else 4 end, rows_failed desc"
        ) -%}
        {%- if checks.rows -%}
            {%- do log('Found in the extracts (' ~ checks.rows | length ~ ' checks):', info=True) -%}
            {%- for row in checks.rows -%}
                {%- set found = dict(zip(checks.column_names | map('lower'), row)) -%}
                {%- do log(
                    '  ' ~ found.outcome ~ ': ' ~ found.check ~ ', ' ~ found.rows_failed ~ ' of ' ~ found.rows_checked ~ ' rows. '
                    ~ found.description, info=True
                ) -%}
                {%- for text in [found.get('detail'), found.get('remedy'), found.get('query')] if text and found.outcome == 'failed' -%}
                    {%- do log('    ' ~ (text | replace('\n', '\n    ')), info=True) -%}
                {%- endfor -%}
            {%- endfor -%}
            {%- do log('All checks: marts.data_quality. The rows: assessment.data_quality_findings.', info=True) -%}
        {%- else -%}
            {%- do log('Nothing was found in the extracts (marts.data_quality).', info=True) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if execute -%}
        {%- do print_rule_problems(results) -%}
    {%- endif -%}
{%- endmacro %}
