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

{#-
    Regular expressions by name. Classes of characters: `blank`, `dash`, `invisible`, and `composable`, an accent of its own or a full-width
    form. Of dates: `year`, and the words of each of the twelve `months`, English and French, without accents. Of packed histories:
    an entry of a day (Aug 20, 2013 - DTaP-IPV-Hib), `dated`, and a day with its entries ([2013 AUG 20: …]), `bracketed`.
-#}
{% macro patterns() -%}
    {{ return({
        'blank': '[\\t\\n\\x0B\\f\\r\\x1C-\\x1F\\x{85}\\p{Z}]',
        'dash': '[\\p{Pd}\\x{2212}\\x{2043}]',
        'composable': '[\\x{0300}-\\x{036F}\\x{FF01}-\\x{FF5E}]',
        'invisible': '[\\x{00}-\\x{08}\\x{0E}-\\x{1B}\\x{7F}\\x{80}-\\x{84}\\x{86}-\\x{9F}\\p{Cf}\\x{034F}\\x{115F}\\x{1160}\\x{17B4}\\x{17B5}'
            ~ '\\x{180B}-\\x{180F}\\x{2800}\\x{3164}\\x{FE00}-\\x{FE0F}\\x{FFA0}]',
        'year': '(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})',
        'months': [
            'jan|january|janv|janvier', 'feb|february|fev|fevr|fevrier', 'mar|march|mars', 'apr|april|avr|avril', 'may|mai',
            'jun|june|juin', 'jul|july|juil|juill|juillet', 'aug|august|aout|aou', 'sep|sept|september|septembre',
            'oct|october|octobre', 'nov|november|novembre', 'dec|december|decembre'
        ],
        'dated': '[A-Za-z]{3,9} [0-9]{1,2}, [0-9]{4} - [^;,\\[\\]]+',
        'bracketed': '\\[[^\\[\\]:]*:[^\\[\\]]*\\]'
    }) }}
{%- endmacro %}
