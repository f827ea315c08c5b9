{#-
    What the columns of a table hold, as one test: a node of dbt costs more than the query of most checks. A row of its result is a
    check that failed, with the condition of the rows that are meant; the test counts these, or keys that stand more than once.
    `checks_of_table` says what the arguments are.
-#}
{% test table_is_sound(
    model, never_null='', unique='', values={}, parents={}, periods='', periods_or_grades='', conditions=[]
) %}
{{- config(fail_calc='cast(coalesce(sum(rows_found), 0) as bigint)') }}
{%- for check in checks_of_table(model, never_null, unique, values, parents, periods, periods_or_grades, conditions) %}
select
    {{ dbt.string_literal(dbt.escape_single_quotes(check.columns | join(', '))) }} as column_name,
    {{ dbt.string_literal(dbt.escape_single_quotes(check.problem)) }} as problem,
    {{ dbt.string_literal(dbt.escape_single_quotes(check.holds_where)) }} as rows_where,
    count(*) as rows_found
from {{ check.found_in }}
having count(*) > 0
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{% endtest %}
