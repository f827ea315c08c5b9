{#- Schemas are named exactly as the contract names them: no target prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ built_schema(custom_schema_name | trim if custom_schema_name else target.schema) }}
{%- endmacro %}

{#- Where a schema is built. DuckDB's builds are published as a file (scripts/build_warehouse.py), Spark's as schemas (publish_build). -#}
{% macro built_schema(schema_name) -%}
    {{ return(adapter.dispatch('built_schema')(schema_name)) }}
{%- endmacro %}

{% macro default__built_schema(schema_name) -%}
    {{ return(schema_name) }}
{%- endmacro %}

{% macro spark__built_schema(schema_name) -%}
    {%- set build = env_var('SPARK_BUILD', '') -%}
    {{ return(schema_name ~ '__' ~ build if build else schema_name) }}
{%- endmacro %}
