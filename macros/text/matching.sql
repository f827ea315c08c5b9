{#-
    Regular expressions on both engines. A pattern is written with `$` for the end of the text and `\\1` for a group; letters of any
    alphabet are `\\p{L}`.
-#}

{#- A text after each of `steps`, pairs of a pattern and its replacement, in their order. -#}
{% macro rewritten(text, steps) -%}
    {%- set ns = namespace(text=text) -%}
    {%- for pattern, replacement in steps -%}
        {%- set ns.text = adapter.dispatch('replaced')(ns.text, pattern, replacement) -%}
    {%- endfor -%}
    {{ return(ns.text) }}
{%- endmacro %}

{% macro duckdb__replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{#- Whether a part of a text matches. -#}
{% macro has_match(text, pattern) -%}
    {{ return(adapter.dispatch('has_match')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__has_match(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{#- Query of the parts of a text that match, one row each: the columns `keys`, `part` and its `position`. -#}
{% macro matching_parts(relation, keys, text, pattern) -%}
    {{ return(adapter.dispatch('matching_parts')(relation, keys, text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matching_parts(relation, keys, text, pattern) -%}
    select
        {{ keys | join(', ') }},
        unnest(regexp_extract_all({{ text }}, '{{ pattern }}')) as part,
        generate_subscripts(regexp_extract_all({{ text }}, '{{ pattern }}'), 1) as position
    from {{ relation }}
{%- endmacro %}

{#- Query of the names in cells that hold several: the columns `keys`, and each name as `part`. `text` is a label (normalized_label). -#}
{% macro names_in_cells(relation, keys, text, slashes=false) -%}
    {%- set between_names = '-*[,;|+&' ~ ('/' if slashes else '') ~ ']+-*|-and-|-et-' -%}
    {{ return(matching_parts(relation, keys, rewritten(text, [[between_names, '|']]), '[^|]+')) }}
{%- endmacro %}
