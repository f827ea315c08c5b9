{#- Publishes a build that has passed: on Spark here, on DuckDB in scripts/build_warehouse.py. -#}
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
