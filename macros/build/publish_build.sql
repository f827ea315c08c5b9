{#- Publishes a build that has passed: on Spark here, on DuckDB in src/immunization_coverage/build/builder.py. -#}
{% macro publish_build(results) -%}
    {{ return(adapter.dispatch('publish_build')(results)) }}
{%- endmacro %}

{% macro duckdb__publish_build(results) -%}
{%- endmacro %}

{#- Strategy of dbt's own incremental tables, which a project has that installs this one: its materializations are not taken from a package. -#}
{% macro get_incremental_school_year_sql(arguments) -%}
    delete from {{ arguments.target_relation }} where {{ is_of_this_build() }};
    {{ get_insert_into_sql(arguments.target_relation, arguments.temp_relation, arguments.dest_columns) }}
{%- endmacro %}

{#- Other school years and definitions and the builds before are kept: a build in schemas of its own starts with what is published of them. -#}
{% macro carry_years() -%}
    {{ return(adapter.dispatch('carry_years')()) }}
{%- endmacro %}

{% macro duckdb__carry_years() -%}
{%- endmacro %}

{#- Schemas are named exactly as configured, without a prefix. On Spark, a build named by SPARK_BUILD has its own schemas (publish_build). -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set build = env_var('SPARK_BUILD', '') if target.type == 'spark' else '' -%}
    {{ return((custom_schema_name or target.schema) | trim ~ ('__' ~ build if build else '')) }}
{%- endmacro %}
