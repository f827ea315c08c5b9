{#- Publishes a build that has passed: on Spark here, on DuckDB in scripts/build_warehouse.py. -#}
{% macro publish_build(results) -%}
    {{ return(adapter.dispatch('publish_build')(results)) }}
{%- endmacro %}

{% macro duckdb__publish_build(results) -%}
{%- endmacro %}

{#- marts.builds and marts.build_measures are kept from build to build: a build in its own schemas starts with the published rows. -#}
{% macro carry_builds() -%}
    {{ return(adapter.dispatch('carry_builds')()) }}
{%- endmacro %}

{% macro duckdb__carry_builds() -%}
{%- endmacro %}

{#- Schemas are named exactly as configured, without a prefix. On Spark, a build named by SPARK_BUILD has its own schemas (publish_build). -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set build = env_var('SPARK_BUILD', '') if target.type == 'spark' else '' -%}
    {{ return((custom_schema_name or target.schema) | trim ~ ('__' ~ build if build else '')) }}
{%- endmacro %}
