{#-
    A text without what spreadsheets put around it to keep it a text: an apostrophe before, ="…", quotes, blanks of any kind. Inner
    blanks are spaces, every dash is a hyphen, and what nobody sees makes no difference (visible_text). Null where nothing is left.
-#}
{% macro unquoted(text) -%}
    {%- set ends = "[= \\x{27}\\x{22}\\x{60}\\x{B4}\\x{2018}-\\x{201F}]+" -%}
    nullif({{ rewritten(visible_text(text), [
        [blank_class() ~ '+', ' '],
        ['[\\p{Pd}\\x{2212}\\x{2043}]', '-'],
        ['^' ~ ends, ''],
        [ends ~ '$', '']
    ]) }}, '')
{%- endmacro %}

{#- An id that needs nothing taken off, told without a regular expression: ASCII, a letter or digit first, no blank or quote last. -#}
{% macro is_plain_id(text) -%}
    {{ return(adapter.dispatch('is_plain_id')(text)) }}
{%- endmacro %}

{% macro duckdb__is_plain_id(text) -%}
    {{ text }} >= '0'
    and {{ text }} < '{'
    and strlen({{ text }}) = length({{ text }})
    {%- for last in ["' '", 'chr(9)', 'chr(10)', 'chr(13)', "chr(34)", "chr(39)"] %}
    and not suffix({{ text }}, {{ last }})
    {%- endfor %}
{%- endmacro %}

{% macro spark__is_plain_id(text) -%}
    {{ text }} >= '0'
    and {{ text }} < '{'
    and octet_length({{ text }}) = length({{ text }})
    and right({{ text }}, 1) > ' '
    and right({{ text }}, 1) not in (chr(34), chr(39))
{%- endmacro %}

{#- An id of digits with zeros before it up to the number of digits that the user says ids have; where none is said, as it is. -#}
{% macro padded_id(id, digits) -%}
    case
        when length({{ id }}) < {{ digits }} and translate({{ id }}, '0123456789', '') = '' then lpad({{ id }}, {{ digits }}, '0')
        else {{ id }}
    end
{%- endmacro %}
