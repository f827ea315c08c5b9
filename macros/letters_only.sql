{#- A text's letters, lower case, and nothing else. -#}
{% macro letters_only(text) -%}
    {{ return(adapter.dispatch('letters_only')(text)) }}
{%- endmacro %}

{% macro duckdb__letters_only(text) -%}
    lower(regexp_replace({{ text }}, '[^\p{L}]', '', 'g'))
{%- endmacro %}

{% macro spark__letters_only(text) -%}
    lower(regexp_replace({{ text }}, r'[^\p{L}]', ''))
{%- endmacro %}
