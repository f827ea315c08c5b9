{#-
    At the end of a run: which rows of the rule tables (seeds/annex, practice, quality) a failed test has found, as they stand in the CSV.
    Rows of other tables may be persons: of these it says which check failed, and how many rows it counted.
-#}
{% macro print_rule_problems(results) -%}
    {%- set in_rules, in_tables = [], [] -%}
    {%- for result in results if result.status in ['fail', 'warn'] and result.node.package_name == 'immunization_coverage' -%}
        {%- set node = result.node -%}
        {%- set found = run_query('select * from (\n' ~ node.compiled_code ~ '\n) as found limit 20') if reads_rule_tables_only(node) else none -%}
        {%- for row in (found.rows if found else []) -%}
            {%- set values = dict(zip(found.column_names | map('lower'), row)) -%}
            {%- if 'rows_where' in values -%}
                {%- set seed = graph.nodes[node.attached_node] -%}
                {%- set all_columns = seed.config.column_types | list -%}
                {%- set named = values.column_name.split(', ') | select('in', all_columns) | list -%}
                {%- do in_rules.extend(sentences_about_rows(seed, named or all_columns[:4], values.rows_where, values.problem)) -%}
            {%- elif loop.index <= 4 -%}
                {%- do in_rules.append(sentence_about_row(node, values)) -%}
            {%- elif loop.index == 5 -%}
                {%- do in_rules.append('… and more that ' ~ node.name ~ ' found.') -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if not found and node.test_metadata and node.test_metadata.name == 'table_is_sound' -%}
            {%- set table = graph.nodes[node.attached_node] -%}
            {%- for row in run_query(node.compiled_code).rows -%}
                {%- do in_tables.append(
                    table.schema ~ '.' ~ table.name ~ ': ' ~ (row['column_name'] ~ ' ' if row['column_name'] else 'a row ')
                    ~ row['problem'] ~ ' (' ~ row['rows_found'] ~ (' row).' if row['rows_found'] == 1 else ' rows).')
                ) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for title, problems in {'Found in the rule tables:': in_rules, 'Found in the tables:': in_tables}.items() if problems -%}
        {%- do log(title, info=True) -%}
        {%- for problem in problems -%}
            {%- do log('  ' ~ problem, info=True) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{#- The raw extracts of the demonstration are seeds too. -#}
{% macro reads_rule_tables_only(node) -%}
    {%- set parents = node.depends_on.nodes if node.resource_type == 'test' else [] -%}
    {%- for parent in parents if not parent.endswith('.int_school_year') -%}
        {%- if not parent.startswith('seed.') or graph.nodes[parent].config.schema == 'raw' -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(parents | length > 0) }}
{%- endmacro %}

{#- The rows of a rule table that satisfy a condition, with file, lines and values; those that show the same values are one sentence. -#}
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
        {%- do lines_of.setdefault(cells_shown(dict(zip(columns, row.values()[1:]))), []).append(row[0]) -%}
    {%- endfor -%}
    {%- set sentences = [] -%}
    {%- for cells, lines in lines_of.items() if loop.index <= 4 -%}
        {%- do sentences.append(
            seed.original_file_path ~ ', line' ~ ('s ' if lines | length > 1 else ' ') ~ lines | join(', ') ~ ': ' ~ cells ~ ' ' ~ problem ~ '.'
        ) -%}
    {%- endfor -%}
    {{ return(sentences + ([seed.original_file_path ~ ': … and more.'] if lines_of | length > 4 else [])) }}
{%- endmacro %}

{% macro cells_shown(values) -%}
    {%- set cells = [] -%}
    {%- for column, value in values.items() -%}
        {%- do cells.append(column if value is none else column ~ " '" ~ value ~ "'") -%}
    {%- endfor -%}
    {{ return(cells | join(', ')) }}
{%- endmacro %}

{#-
    A row that a test found, in a sentence. The row has columns of its table, by which it is found in the file; or column_name and
    column_value, where one column is meant; table_name, where the test reads several; and problem, the end of the sentence.
-#}
{% macro sentence_about_row(node, values) -%}
    {%- set problem = values.get('problem') or 'fails the test ' ~ node.name -%}
    {%- set seeds = [] -%}
    {%- for parent in node.depends_on.nodes
        if graph.nodes[parent].name == values.get('table_name') or (not values.get('table_name') and parent == node.attached_node) -%}
        {%- do seeds.append(graph.nodes[parent]) -%}
    {%- endfor -%}
    {%- if not seeds -%}
        {{ return(node.original_file_path ~ ': ' ~ problem ~ '.') }}
    {%- endif -%}
    {%- do values.update({values.get('column_name'): values.get('column_value')}) -%}
    {%- set shown, conditions = {}, [] -%}
    {%- for column, type in seeds[0].config.column_types.items() if column in values -%}
        {%- set value = values[column] -%}
        {%- if type in ['string', 'integer'] -%}
            {%- set literal = " = '" ~ (value | string | replace("'", "''")) ~ "'" -%}
            {%- do conditions.append(adapter.quote(column) ~ (' is null' if value is none else literal)) -%}
        {%- endif -%}
        {%- if values.get('column_name') in [none, column] or column == 'rule_id' -%}
            {%- do shown.update({column: value}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set columns = (shown | list)[:4] -%}
    {%- set sentences = sentences_about_rows(seeds[0], columns, conditions | join(' and '), problem) if conditions else [] -%}
    {{ return(sentences[0] if sentences else seeds[0].original_file_path ~ ': ' ~ cells_shown(shown) ~ ' ' ~ problem ~ '.') }}
{%- endmacro %}
