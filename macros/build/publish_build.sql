{#-
    Publishing on Spark. A build that SPARK_BUILD names goes to schemas of its own (`marts__<name>` …); when all of it has passed, the
    readers' schemas (`marts` …) get a view of each table. A build that fails changes nothing that readers see. The build that was
    published before stays until the next one is, for queries that still run; others go.
-#}
{% macro publish_build(results) -%}
    {{ return(adapter.dispatch('publish_build')(results)) }}
{%- endmacro %}

{% macro default__publish_build(results) -%}
{%- endmacro %}

{% macro spark__publish_build(results) -%}
    {%- set build = env_var('SPARK_BUILD', '') -%}
    {%- if execute and build and flags.WHICH == 'build' -%}
        {%- set names = published_schemas() -%}
        {%- set relations = {} -%}
        {%- for result in results if result.node.resource_type in ['model', 'seed'] and result.node.config.schema in names -%}
            {%- do relations.update({(result.node.config.schema ~ '.' ~ result.node.alias): result.node.relation_name}) -%}
        {%- endfor -%}
        {%- set problem = problem_of_build(results, names, relations) -%}
        {%- if problem -%}
            {%- do log('Not published: ' ~ problem ~ ' Readers keep the last good build.', info=True) -%}
        {%- else -%}
            {%- set previous = published_build(names[0]) -%}
            {%- for view, relation in relations.items() -%}
                {%- do run_query('create or replace view ' ~ view ~ ' as select * from ' ~ relation) -%}
            {%- endfor -%}
            {%- do run_query("alter schema " ~ names[0] ~ " set dbproperties ('build' = '" ~ build ~ "')") -%}
            {%- for row in run_query("show schemas like '*__*'").rows if row[0].rpartition('__')[2] not in [build, previous] -%}
                {%- do run_query('drop schema ' ~ row[0] ~ ' cascade') -%}
            {%- endfor -%}
            {%- do log('Published build ' ~ build ~ '.', info=True) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Why a build is not to be published, in a sentence: it failed, or it lacks a table that readers have. -#}
{% macro problem_of_build(results, names, relations) -%}
    {%- if results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list -%}
        {{ return('the build failed.') }}
    {%- endif -%}
    {%- for name in names -%}
        {%- do run_query('create schema if not exists ' ~ name) -%}
        {%- for row in run_query('show views in ' ~ name).rows if not row[2] and (name ~ '.' ~ row[1]) not in relations -%}
            {{ return('the build lacks ' ~ name ~ '.' ~ row[1] ~ '; build without a selection, or drop that view.') }}
        {%- endfor -%}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}

{#- What readers read; the first remembers the build's name. -#}
{% macro published_schemas() -%}
    {{ return(['marts', 'assessment', 'annex', 'practice', 'published', 'quality', 'schools']) }}
{%- endmacro %}

{% macro published_build(schema_name) -%}
    {%- set described = run_query('describe schema extended ' ~ schema_name).rows -%}
    {%- for row in described if row[0] == 'Properties' -%}
        {%- set named = modules.re.search('\\(build,([^)]*)\\)', row[1]) -%}
        {{ return(named.group(1) if named else '') }}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}

{#- marts.builds and marts.build_measures are kept from build to build: a build in schemas of its own starts with what is published. -#}
{% macro carry_builds() -%}
    {{ return(adapter.dispatch('carry_builds')()) }}
{%- endmacro %}

{% macro default__carry_builds() -%}
{%- endmacro %}

{% macro spark__carry_builds() -%}
    {%- if execute and env_var('SPARK_BUILD', '') and flags.WHICH == 'build' -%}
        {%- for table in ['builds', 'build_measures'] -%}
            {%- set carried = api.Relation.create(schema=built_schema('marts'), identifier=table, type='table') -%}
            {%- set is_published = run_query("show schemas like 'marts'").rows
                and run_query("show views in marts like '" ~ table ~ "'").rows -%}
            {%- if is_published and not load_relation(carried) -%}
                {#- dbt makes the schemas of what is selected only. -#}
                {%- do run_query('create schema if not exists ' ~ carried.schema) -%}
                {%- do run_query('create table ' ~ carried ~ ' using parquet as select * from marts.' ~ table) -%}
                {%- do adapter.cache_added(carried) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
