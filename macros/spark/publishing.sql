{#-
    Publishing on Spark. A build named by SPARK_BUILD goes to its own schemas (`marts__<name>` …); if everything passed, the readers'
    schemas (`marts` …) get a view of each table. A failed build changes nothing that readers see. The previously published build is kept
    until the next one, for running queries; older ones are dropped.
-#}
{% macro spark__publish_build(results) -%}
    {%- set build = env_var('SPARK_BUILD', '') -%}
    {%- if execute and build and flags.WHICH == 'build' -%}
        {%- set schemas = var('reader_schemas') -%}
        {%- set relations, comments = {}, {} -%}
        {%- for result in results if result.node.resource_type in ['model', 'seed'] and result.node.config.schema in schemas -%}
            {%- set view = result.node.config.schema ~ '.' ~ result.node.alias -%}
            {%- do relations.update({view: result.node.relation_name}) -%}
            {%- do comments.update({view: result.node.description | replace('\\', '\\\\') | replace("'", "\\'")}) -%}
        {%- endfor -%}
        {%- set problems = [] -%}
        {%- if results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list -%}
            {%- do problems.append('the build failed.') -%}
        {%- endif -%}
        {%- for schema in schemas if not problems -%}
            {%- do run_query('create schema if not exists ' ~ schema) -%}
            {%- for row in run_query('show views in ' ~ schema).rows if not row[2] and (schema ~ '.' ~ row[1]) not in relations -%}
                {%- do problems.append(
                    'the build lacks ' ~ schema ~ '.' ~ row[1] ~ '; build without a selection, or drop that view.'
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if problems -%}
            {%- do log('Not published: ' ~ problems[0] ~ ' Readers keep the last good build.', info=True) -%}
        {%- else -%}
            {#- The schema stores the name of the published build. -#}
            {%- set properties = run_query('describe schema extended marts').rows | selectattr(0, 'equalto', 'Properties') | map(attribute=1) -%}
            {%- set previous = modules.re.search('\\(build,([^)]*)\\)', properties | join) -%}
            {%- for view, relation in relations.items() -%}
                {%- do run_query('create or replace view ' ~ view ~ " comment '" ~ comments[view] ~ "' as select * from " ~ relation) -%}
            {%- endfor -%}
            {%- do run_query("alter schema marts set dbproperties ('build' = '" ~ build ~ "')") -%}
            {%- for row in run_query("show schemas like '*__*'").rows if row[0].rpartition('__')[2] not in [build, previous and previous.group(1)] -%}
                {%- do run_query('drop schema ' ~ row[0] ~ ' cascade') -%}
            {%- endfor -%}
            {%- do log('Published build ' ~ build ~ '.', info=True) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro spark__carry_years() -%}
    {%- if execute and env_var('SPARK_BUILD', '') and flags.WHICH == 'build' -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.partition_by == ['school_year', 'definitions'] -%}
            {%- set carried = api.Relation.create(schema=node.schema, identifier=node.alias, type='table') -%}
            {%- set published = node.config.schema ~ '.' ~ node.alias -%}
            {%- set is_published = run_query("show schemas like '" ~ node.config.schema ~ "'").rows
                and run_query('show views in ' ~ node.config.schema ~ " like '" ~ node.alias ~ "'").rows -%}
            {%- if is_published and not load_relation(carried) -%}
                {#- dbt creates only the schemas of selected models. -#}
                {%- do run_query('create schema if not exists ' ~ carried.schema) -%}
                {%- do run_query(
                    'create table ' ~ carried ~ ' using parquet partitioned by (school_year, definitions) as select * from ' ~ published
                    ~ (' where not (' ~ is_of_this_build() ~ ')' if node.config.incremental_strategy != 'append' else '')
                ) -%}
                {%- do adapter.cache_added(carried) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
