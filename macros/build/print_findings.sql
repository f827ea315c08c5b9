{#-
    Prints at the end of a build what the checks found, worst first, with counts only. For plain dbt runs; `make build` prints its own
    summary (src/immunization_coverage/build/summary.py).
-#}
{% macro print_findings(results) -%}
    {%- for result in results if result.node.unique_id == 'model.immunization_coverage.data_quality' and result.status == 'success' -%}
        {%- set checks = run_query(
            "select * from " ~ result.node.relation_name ~ " where outcome not in ('passed', 'counted') and build_id = " ~ build_id()
            ~ " order by case outcome when 'failed' then 1 when 'accepted' then 2 when 'warned' then 3 else 4 end, rows_failed desc"
        ) -%}
        {%- set lines = ['Found in the extracts (' ~ checks.rows | length ~ ' checks):'] if checks.rows else [] -%}
        {%- for row in checks.rows -%}
            {%- set found = dict(zip(checks.column_names | map('lower'), row)) -%}
            {%- do lines.append(
                '  ' ~ found.outcome ~ ': ' ~ found.check ~ ', ' ~ found.rows_failed ~ ' of ' ~ found.rows_checked ~ ' rows. '
                ~ found.description
            ) -%}
            {%- for text in [found.get('detail'), found.get('remedy'), found.get('query')] if text and found.outcome == 'failed' -%}
                {%- do lines.append('    ' ~ (text | replace('\n', '\n    '))) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do lines.append(
            'All checks: marts.data_quality. Rows: assessment.data_quality_findings.' if checks.rows
            else 'Nothing was found in the extracts (marts.data_quality).'
        ) -%}
        {%- for line in lines -%}
            {%- do log(line, info=True) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do print_rule_problems(results) -%}
{%- endmacro %}

{#-
    Prints the rows of rule tables (seeds/annex, practice, quality) that a failed test found, as they are in the CSV. Other tables may be
    person-level: for these it prints only which check failed and the number of rows.
    A result row of `table_is_sound` is a check with the condition of its rows. A result row of another test has columns of its table, by
    which the row is found in the file; or column_name and column_value for a single column; table_name if the test reads several tables;
    and problem, the end of the sentence.
-#}
{% macro print_rule_problems(results) -%}
    {%- set problems = {'Found in the rule tables:': [], 'Found in the tables:': []} -%}
    {%- for result in results if result.status in ['fail', 'warn'] and result.node.package_name == 'immunization_coverage' -%}
        {%- set node = result.node -%}
        {%- set tables = {} -%}
        {%- for parent in node.depends_on.nodes if not parent.endswith('.int_school_year') -%}
            {%- do tables.update({parent.split('.')[2]: graph.nodes.get(parent, {'config': {}})}) -%}
        {%- endfor -%}
        {#- The raw extracts of the demonstration are seeds too. -#}
        {%- set persons = tables.values() | rejectattr('config.schema', 'in', ['annex', 'practice', 'quality']) | list -%}
        {%- set is_of_tables = node.test_metadata and node.test_metadata.name == 'table_is_sound' -%}
        {%- set found = run_query(node.compiled_code) if is_of_tables or (tables and not persons) else none -%}
        {%- for row in (found.rows if found else [])[:20] -%}
            {%- set values = dict(zip(found.column_names | map('lower'), row)) -%}
            {%- set problem = values.get('problem') or 'fails the test ' ~ node.name -%}
            {%- set table = tables.get(values.get('table_name')) or graph.nodes.get(node.attached_node or '') -%}
            {%- if persons -%}
                {%- do problems['Found in the tables:'].append(
                    table.schema ~ '.' ~ table.name ~ ': ' ~ (values.column_name ~ ' ' if values.column_name else 'a row ') ~ values.problem
                    ~ ' (' ~ values.rows_found ~ (' row).' if values.rows_found == 1 else ' rows).')
                ) -%}
            {%- elif is_of_tables -%}
                {%- set columns = table.config.column_types | list -%}
                {%- set named = values.column_name.split(', ') | select('in', columns) | list -%}
                {%- do problems['Found in the rule tables:'].extend(
                    sentences_about_rows(table, named or columns[:4], values.rows_where, values.problem)
                ) -%}
            {%- elif loop.index == 5 -%}
                {%- do problems['Found in the rule tables:'].append('… and more that ' ~ node.name ~ ' found.') -%}
            {%- elif loop.index < 5 and not table -%}
                {%- do problems['Found in the rule tables:'].append(node.original_file_path ~ ': ' ~ problem ~ '.') -%}
            {%- elif loop.index < 5 -%}
                {%- do values.update({values.get('column_name'): values.get('column_value')}) -%}
                {%- set shown, cells, conditions = [], [], [] -%}
                {%- for column, type in table.config.column_types.items() if column in values -%}
                    {%- if type in ['string', 'integer'] -%}
                        {%- set literal = " = '" ~ (values[column] | string | replace("'", "''")) ~ "'" -%}
                        {%- do conditions.append(adapter.quote(column) ~ (' is null' if values[column] is none else literal)) -%}
                    {%- endif -%}
                    {%- if values.get('column_name') in [none, column] or column == 'rule_id' -%}
                        {%- do shown.append(column) -%}
                        {%- do cells.append(column if values[column] is none else column ~ " '" ~ values[column] ~ "'") -%}
                    {%- endif -%}
                {%- endfor -%}
                {%- set sentences = sentences_about_rows(table, shown[:4], conditions | join(' and ') or '1 = 0', problem) -%}
                {%- do problems['Found in the rule tables:'].append(
                    sentences[0] if sentences else table.original_file_path ~ ': ' ~ cells[:4] | join(', ') ~ ' ' ~ problem ~ '.'
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for title, sentences in problems.items() if sentences -%}
        {%- for line in [title] + sentences -%}
            {%- do log(('  ' if not loop.first else '') ~ line, info=True) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{#- Sentences about the rows of a rule table that satisfy a condition, with file, lines and values; equal values share a sentence. -#}
{% macro sentences_about_rows(seed, columns, where, problem) -%}
    {%- set quoted = [] -%}
    {%- for column in columns -%}
        {%- do quoted.append(adapter.quote(column)) -%}
    {%- endfor -%}
    {%- set found = run_query(
        'select ' ~ ([row_position() ~ ' + 2'] + quoted) | join(', ') ~ ' from ' ~ seed.relation_name ~ ' where ' ~ where
        ~ ' order by 1 limit 20'
    ) -%}
    {%- set lines_of = {} -%}
    {%- for row in found.rows -%}
        {%- set cells = [] -%}
        {%- for column in columns -%}
            {%- do cells.append(column if row[loop.index] is none else column ~ " '" ~ row[loop.index] ~ "'") -%}
        {%- endfor -%}
        {%- do lines_of.setdefault(cells | join(', '), []).append(row[0]) -%}
    {%- endfor -%}
    {%- set sentences = [] -%}
    {%- for cells in (lines_of | list)[:4] -%}
        {%- set lines = lines_of[cells] -%}
        {%- set place = seed.original_file_path ~ ', line' ~ ('s ' if lines | length > 1 else ' ') ~ lines | join(', ') -%}
        {%- do sentences.append(place ~ ': ' ~ cells ~ ' ' ~ problem ~ '.') -%}
    {%- endfor -%}
    {{ return(sentences + ([seed.original_file_path ~ ': … and more.'] if lines_of | length > 4 else [])) }}
{%- endmacro %}
