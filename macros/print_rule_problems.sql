{#-
    At the end of a run: which rows of the rule tables (seeds/annex, practice, quality) a failed test has found, as they stand in the CSV.
    Tests that read anything but these and the school year stay with the counts that dbt prints: their rows may be persons.
-#}
{% macro print_rule_problems(results) -%}
    {%- if execute -%}
        {%- for result in results if result.status in ['fail', 'warn'] and reads_rule_tables_only(result.node) -%}
            {%- if loop.first -%}
                {%- do log('Found in the rule tables:', info=True) -%}
            {%- endif -%}
            {%- set found = run_query('select * from (\n' ~ result.node.compiled_code ~ '\n) as found limit 5') -%}
            {%- for row in found.rows[:4] -%}
                {%- do log('  ' ~ rule_problem(result.node, found.column_names, row), info=True) -%}
            {%- endfor -%}
            {%- if found.rows | length > 4 -%}
                {%- do log('  … and more that ' ~ result.node.name ~ ' found.', info=True) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro reads_rule_tables_only(node) -%}
    {%- set parents = node.depends_on.nodes if node.resource_type == 'test' else [] -%}
    {%- for parent in parents -%}
        {%- set parent = graph.nodes.get(parent, {}) -%}
        {%- set is_rule_table = parent.resource_type == 'seed' and parent.config.schema in ['annex', 'practice', 'quality'] -%}
        {%- if not is_rule_table and parent.name != 'int_school_year' -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(parents | length > 0) }}
{%- endmacro %}

{#-
    A row that a test found, in a sentence. The row has columns of its table, by which it is found in the file; or column_name and
    column_value, where one column is meant; table_name, where the test reads several; and problem, the end of the sentence.
-#}
{% macro rule_problem(node, column_names, row) -%}
    {%- set values = dict(zip(column_names | map('lower'), row)) -%}
    {%- set kwargs = node.test_metadata.kwargs if node.test_metadata else {} -%}
    {%- for dbts_name in ['unique_field', 'value_field', 'from_field'] if dbts_name in values -%}
        {%- do values.update({(kwargs.column_name): values[dbts_name]}) -%}
    {%- endfor -%}
    {%- set problem = values.get('problem') or {
        'unique': 'stands more than once',
        'accepted_values': 'is none of ' ~ kwargs.get('values', []) | join(', '),
        'relationships': 'does not stand in ' ~ kwargs.get('field') ~ ' of '
            ~ (kwargs.get('to', '') | replace("ref('", '') | replace("')", '.csv')),
        'rows_satisfy': 'is not as it must be: ' ~ kwargs.get('condition', '') | trim
    }.get(node.test_metadata.name if node.test_metadata else '', 'fails the test ' ~ node.name) -%}

    {%- set seeds = [] -%}
    {%- for parent in node.depends_on.nodes
        if graph.nodes[parent].name == values.get('table_name') or (not values.get('table_name') and parent == node.attached_node) -%}
        {%- do seeds.append(graph.nodes[parent]) -%}
    {%- endfor -%}
    {%- if not seeds -%}
        {{ return(node.original_file_path ~ ': ' ~ problem ~ '.') }}
    {%- endif -%}

    {%- set shown = {} -%}
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
                {%- do shown.update({column: column if value is none else column ~ " '" ~ value ~ "'"}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set lines = run_query(
        'select ' ~ row_position() ~ ' + 2 as line from ' ~ seeds[0].relation_name ~ ' where ' ~ (conditions | join(' and ') or '1 = 0')
        ~ ' order by 1 limit 5'
    ).columns[0].values() -%}
    {{ return(
        seeds[0].original_file_path ~ (', line' ~ ('s ' if lines | length > 1 else ' ') ~ lines | join(', ') if lines else '') ~ ': '
        ~ (shown.values() | list)[:4] | join(', ') ~ ' ' ~ problem ~ '.'
    ) }}
{%- endmacro %}
