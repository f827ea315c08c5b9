{#- Publishes a build that has passed: on Spark here, on DuckDB in src/immunization_coverage/build/builder.py. -#}
{% macro publish_build(results) -%}
    {{ return(adapter.dispatch('publish_build')(results)) }}
{%- endmacro %}

{% macro duckdb__publish_build(results) -%}
{%- endmacro %}

{#- marts.builds and marts.build_measures are kept from build to build: a build in schemas of its own starts with what is published. -#}
{% macro carry_builds() -%}
    {{ return(adapter.dispatch('carry_builds')()) }}
{%- endmacro %}

{% macro duckdb__carry_builds() -%}
{%- endmacro %}

{#- Schemas are named exactly as the contract names them, without a prefix. A build of its own on Spark has schemas of its own (publish_build). -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set build = env_var('SPARK_BUILD', '') if target.type == 'spark' else '' -%}
    {{ return((custom_schema_name or target.schema) | trim ~ ('__' ~ build if build else '')) }}
{%- endmacro %}
