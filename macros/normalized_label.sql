{#-
    The form in which agents, coded values, exemption labels, reasons, school types and PHU names are compared: lower case, without
    outer blanks, every run of blanks, hyphens and dashes as one hyphen, every apostrophe as the plain one, invisible characters
    and full-width forms told from nothing (visible_text). A blank text is null.
-#}
{% macro normalized_label(text) -%}
    {{ return(adapter.dispatch('normalized_label')(text)) }}
{%- endmacro %}

{% macro duckdb__normalized_label(text) -%}
    nullif(
        regexp_replace(
            regexp_replace(
                translate(lower({{ visible_text(text) }}), '‘’ʼ′`´', ''''''''''''''),
                '{{ "^" ~ blank_class() ~ "+|" ~ blank_class() ~ "+$" }}', '', 'g'
            ),
            '{{ dashes_and_blanks() }}', '-', 'g'
        ),
        ''
    )
{%- endmacro %}

{% macro spark__normalized_label(text) -%}
    nullif(
        regexp_replace(
            regexp_replace(
                translate(lower({{ visible_text(text) }}), '‘’ʼ′`´', "''''''"),
                r'{{ "^" ~ blank_class() ~ "+|" ~ blank_class() ~ "+\\z" }}', ''
            ),
            r'{{ dashes_and_blanks() }}', '-'
        ),
        ''
    )
{%- endmacro %}

{#- A run of blanks, hyphens and dashes (U+002D, U+2010–U+2015, U+2212 and the other dashes of Unicode), as a regular expression. -#}
{% macro dashes_and_blanks() -%}
    {{ return('[' ~ blank_class()[1:-1] ~ '\\p{Pd}\\x{2212}\\x{2043}]+') }}
{%- endmacro %}
