{#- Fails the query with a sentence. -#}
{% macro stop_build(sentence) -%}
    {{ return(adapter.dispatch('stop_build')(sentence)) }}
{%- endmacro %}

{% macro duckdb__stop_build(sentence) -%}
    error({{ sentence }})
{%- endmacro %}
