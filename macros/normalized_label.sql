{#-
    The form in which agents, exemption labels, reasons, school types and PHU names are compared: lower case, without outer
    blanks, every run of blanks, hyphens and dashes (U+002D, U+2010–U+2015, U+2212) as one hyphen. A blank text is null.
-#}
{% macro normalized_label(text) -%}
    {{ return(adapter.dispatch('normalized_label')(text)) }}
{%- endmacro %}

{% macro duckdb__normalized_label(text) -%}
    nullif(
        regexp_replace(
            regexp_replace(lower({{ text }}), '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g'),
            '[\s\p{Z}\-\x{2010}-\x{2015}\x{2212}]+', '-', 'g'
        ),
        ''
    )
{%- endmacro %}

{#- Java's \s has the vertical tab, which DuckDB's has not. -#}
{% macro spark__normalized_label(text) -%}
    nullif(
        regexp_replace(
            regexp_replace(lower({{ text }}), r'^[\t\n\f\r\p{Z}]+|[\t\n\f\r\p{Z}]+\z', ''),
            r'[\t\n\f\r\p{Z}\-\x{2010}-\x{2015}\x{2212}]+', '-'
        ),
        ''
    )
{%- endmacro %}
