{#- Schemas are named exactly as the contract names them, without a prefix. A build of its own on Spark has schemas of its own (publish_build). -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set build = env_var('SPARK_BUILD', '') if target.type == 'spark' else '' -%}
    {{ return((custom_schema_name or target.schema) | trim ~ ('__' ~ build if build else '')) }}
{%- endmacro %}
