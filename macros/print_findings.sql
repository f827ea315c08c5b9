{#- At the end of a build, in a few lines: what the checks found, worst first, and where to look. Counts only. -#}
{% macro print_findings(results) -%}
    {%- set built = [] -%}
    {%- for result in results if result.node.name == 'data_quality' and result.node.resource_type == 'model' -%}
        {%- if result.status == 'success' -%}
            {%- do built.append(result.node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and built -%}
        {%- set checks = run_query(
            "select " ~ adapter.quote('check') ~ ", outcome, rows_failed, rows_checked from " ~ built[0].relation_name
            ~ " where outcome in ('failed', 'warned', 'within_threshold')"
            ~ " order by case outcome when 'failed' then 1 when 'within_threshold' then 2 else 3 end, rows_failed desc"
        ).rows -%}
        {%- if checks -%}
            {%- do log('Found in the extracts (' ~ checks | length ~ ' checks):', info=True) -%}
            {%- for check in checks[:10] -%}
                {%- do log('  ' ~ check[1] ~ ': ' ~ check[0] ~ ', ' ~ check[2] ~ ' of ' ~ check[3] ~ ' rows', info=True) -%}
            {%- endfor -%}
            {%- if checks | length > 10 -%}
                {%- do log('  and ' ~ (checks | length - 10) ~ ' more', info=True) -%}
            {%- endif -%}
            {%- do log('All checks: marts.data_quality. The rows: assessment.data_quality_findings.', info=True) -%}
        {%- else -%}
            {%- do log('Nothing was found in the extracts (marts.data_quality).', info=True) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do print_rule_problems(results) -%}
{%- endmacro %}
