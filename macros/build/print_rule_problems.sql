{#-
    At the end of a run: which rows of the rule tables (seeds/annex, practice, quality) a failed test has found, as they stand in the CSV.
    Rows of other tables may be persons: of these it says which check failed, and how many rows it counted.
-#}
{% macro print_rule_problems(results) -%}
    {%- if execute -%}
        {%- set of_rules = [] -%}
        {%- set of_tables = [] -%}
        {%- for result in results if result.status in ['fail', 'warn'] -%}
            {%- if reads_rule_tables_only(result.node) -%}
                {%- do of_rules.extend(rule_problems(result.node)) -%}
            {%- elif result.node.test_metadata and result.node.test_metadata.name == 'table_is_sound' -%}
                {%- do of_tables.extend(checks_failed(result.node)) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for title, problems in {'Found in the rule tables:': of_rules, 'Found in the tables:': of_tables}.items() if problems -%}
            {%- do log(title, info=True) -%}
            {%- for problem in problems -%}
                {%- do log('  ' ~ problem, info=True) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro rule_table_schemas() -%}
    {{ return(['annex', 'practice', 'quality']) }}
{%- endmacro %}

{% macro reads_rule_tables_only(node) -%}
    {%- set parents = node.depends_on.nodes if node.resource_type == 'test' else [] -%}
    {%- for parent in parents -%}
        {%- set parent = graph.nodes.get(parent, {}) -%}
        {%- set is_rule_table = parent.resource_type == 'seed' and parent.config.schema in rule_table_schemas() -%}
        {%- if not is_rule_table and parent.name != 'int_school_year' -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(parents | length > 0) }}
{%- endmacro %}

{#- What a test found, a sentence for each of the first rows. -#}
{% macro rule_problems(node) -%}
    {%- set sentences = [] -%}
    {%- set found = run_query('select * from (\n' ~ node.compiled_code ~ '\n) as found limit 20') -%}
    {%- for row in found.rows -%}
        {%- set values = dict(zip(found.column_names | map('lower'), row)) -%}
        {%- if 'rows_where' in values -%}
            {%- do sentences.extend(problems_of_check(node, values)) -%}
        {%- elif loop.index <= 4 -%}
            {%- do sentences.append(rule_problem(node, values)) -%}
        {%- elif loop.index == 5 -%}
            {%- do sentences.append('… and more that ' ~ node.name ~ ' found.') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(sentences) }}
{%- endmacro %}

{#- The checks of a table that failed, a sentence for each, without its rows. -#}
{% macro checks_failed(node) -%}
    {%- set sentences = [] -%}
    {%- set table = graph.nodes[node.attached_node] -%}
    {%- for row in run_query(node.compiled_code).rows -%}
        {%- do sentences.append(
            table.schema ~ '.' ~ table.name ~ ': ' ~ (row['column_name'] ~ ' ' if row['column_name'] else 'a row ') ~ row['problem']
            ~ ' (' ~ row['rows_found'] ~ (' row).' if row['rows_found'] == 1 else ' rows).')
        ) -%}
    {%- endfor -%}
    {{ return(sentences) }}
{%- endmacro %}

{#- The rows of a check of `table_is_sound`; those that show the same values are one sentence. -#}
{% macro problems_of_check(node, check) -%}
    {%- set seed = graph.nodes[node.attached_node] -%}
    {%- set all_columns = seed.config.column_types | list -%}
    {%- set shown = [] -%}
    {%- for column in check.column_name.split(', ') if column in all_columns -%}
        {%- do shown.append(column) -%}
    {%- endfor -%}
    {%- set shown = shown or all_columns[:4] -%}
    {%- set quoted = [] -%}
    {%- for column in shown -%}
        {%- do quoted.append(adapter.quote(column)) -%}
    {%- endfor -%}
    {%- set found = run_query(
        'select ' ~ row_position() ~ ' + 2 as line, ' ~ quoted | join(', ') ~ ' from ' ~ seed.relation_name
        ~ ' where ' ~ check.rows_where ~ ' order by 1 limit 20'
    ) -%}
    {%- set lines_of = {} -%}
    {%- for row in found.rows -%}
        {%- set values = [] -%}
        {%- for column in shown -%}
            {%- do values.append(cell_shown(column, row[loop.index])) -%}
        {%- endfor -%}
        {%- do lines_of.setdefault(values | join(', '), []).append(row[0]) -%}
    {%- endfor -%}
    {%- set sentences = [] -%}
    {%- for values, lines in lines_of.items() -%}
        {%- if loop.index <= 4 -%}
            {%- do sentences.append(sentence_about_rows(seed, lines, values, check.problem)) -%}
        {%- elif loop.index == 5 -%}
            {%- do sentences.append(seed.original_file_path ~ ': … and more.') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(sentences) }}
{%- endmacro %}

{#-
    A row that a test found, in a sentence. The row has columns of its table, by which it is found in the file; or column_name and
    column_value, where one column is meant; table_name, where the test reads several; and problem, the end of the sentence.
-#}
{% macro rule_problem(node, values) -%}
    {%- set problem = values.get('problem') or 'fails the test ' ~ node.name -%}

    {%- set seeds = [] -%}
    {%- for parent in node.depends_on.nodes
        if graph.nodes[parent].name == values.get('table_name') or (not values.get('table_name') and parent == node.attached_node) -%}
        {%- do seeds.append(graph.nodes[parent]) -%}
    {%- endfor -%}
    {%- if not seeds -%}
        {{ return(node.original_file_path ~ ': ' ~ problem ~ '.') }}
    {%- endif -%}

    {%- set shown = [] -%}
    {%- set conditions = [] -%}
    {%- for column, type in seeds[0].config.column_types.items() -%}
        {%- if column == values.get('column_name') -%}
            {%- do values.update({column: values.get('column_value')}) -%}
        {%- endif -%}
        {%- if column in values -%}
            {%- set value = values[column] -%}
            {%- if type in ['string', 'integer'] -%}
                {%- do conditions.append(
                    adapter.quote(column) ~ ' is null' if value is none
                    else adapter.quote(column) ~ " = '" ~ (value | string | replace("'", "''")) ~ "'"
                ) -%}
            {%- endif -%}
            {%- if values.get('column_name') in [none, column] or column == 'rule_id' -%}
                {%- do shown.append(cell_shown(column, value)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set lines = run_query(
        'select ' ~ row_position() ~ ' + 2 as line from ' ~ seeds[0].relation_name ~ ' where ' ~ (conditions | join(' and ') or '1 = 0')
        ~ ' order by 1 limit 5'
    ).columns[0].values() -%}
    {{ return(sentence_about_rows(seeds[0], lines, shown[:4] | join(', '), problem)) }}
{%- endmacro %}

{% macro cell_shown(column, value) -%}
    {{ return(column if value is none else column ~ " '" ~ value ~ "'") }}
{%- endmacro %}

{% macro sentence_about_rows(seed, lines, values, problem) -%}
    {{ return(
        seed.original_file_path ~ (', line' ~ ('s ' if lines | length > 1 else ' ') ~ lines | join(', ') if lines else '') ~ ': '
        ~ values ~ ' ' ~ problem ~ '.'
    ) }}
{%- endmacro %}
