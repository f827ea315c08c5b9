{#-
    Normalizes agents, coded values, exemption labels, reasons, school types and PHU names for joins: lower case, trimmed, every run of
    blanks, hyphens and dashes one hyphen, apostrophes and full-width characters made plain, invisible characters removed
    (visible_text). A blank text is null.
-#}
{% macro normalized_label(text) -%}
    {%- set blank = patterns().blank -%}
    nullif({{ rewritten(
        "translate(lower(" ~ visible_text(text) ~ "), '‘’ʼ′`´', repeat(chr(39), 6))",
        [['^' ~ blank ~ '+|' ~ blank ~ '+$', ''], ['[' ~ blank[1:-1] ~ patterns().dash[1:-1] ~ ']+', '-']]
    ) }}, '')
{%- endmacro %}

{#-
    A text without outer blanks of any kind and invisible characters; null where nothing is left. Nearly every text is ASCII, begins with
    a printable character and ends without a blank, which is tested in a fifth of the time of a trim. Nearly all others have only an
    accent.
-#}
{% macro trimmed(text) -%}
    {%- set blank = patterns().blank -%}
    case
        when {{ text }} >= '!' and {{ is_plain(text, [' ', '\t', '\n', '\r']) }} then {{ text }}
        when not {{ has_match(text, '^' ~ blank ~ '|' ~ blank ~ '$|' ~ patterns().composable ~ '|' ~ patterns().invisible) }}
            then nullif({{ text }}, '')
        else nullif({{ rewritten(visible_text(text), [['^' ~ blank ~ '+|' ~ blank ~ '+$', '']]) }}, '')
    end
{%- endmacro %}

{#-
    A text without the characters that spreadsheets add to keep it text: a leading apostrophe, ="…", quotes, blanks of any kind. Inner
    blanks become spaces, dashes hyphens, and invisible characters are removed. Null where nothing is left.
-#}
{% macro unquoted(text) -%}
    {%- set ends = "[= \\x{27}\\x{22}\\x{60}\\x{B4}\\x{2018}-\\x{201F}]+" -%}
    nullif({{ rewritten(visible_text(text), [
        [patterns().blank ~ '+', ' '], [patterns().dash, '-'], ['^' ~ ends, ''], [ends ~ '$', '']
    ]) }}, '')
{%- endmacro %}

{#- A text without invisible characters, full-width characters made plain, accents composed. -#}
{% macro visible_text(text) -%}
    {%- set full_width = '！＂＃＄％＆（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～＇＼' -%}
    {%- set plain = '!"#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~' -%}
    {{ return(rewritten(
        "translate(" ~ adapter.dispatch('composed')(text) ~ ", '" ~ full_width ~ "', concat('" ~ plain ~ "', chr(39), chr(92)))",
        [[patterns().invisible, '']]
    )) }}
{%- endmacro %}

{% macro duckdb__composed(text) -%}
    nfc_normalize({{ text }})
{%- endmacro %}

{#- SQL condition: a text needs no cleaning: ASCII (as many bytes as characters), with none of `endings` at its end. -#}
{% macro is_plain(text, endings) -%}
    {%- set conditions = ['bit_length(' ~ text ~ ') = 8 * length(' ~ text ~ ')'] -%}
    {%- for ending in endings -%}
        {%- do conditions.append(text ~ " not like '%" ~ ending ~ "'") -%}
    {%- endfor -%}
    {{ return(conditions | join(' and ')) }}
{%- endmacro %}

{#- Aggregate: the texts of a group joined in an order. -#}
{% macro joined_texts(text, separator, order_by) -%}
    {{ return(adapter.dispatch('joined_texts')(text, separator, order_by)) }}
{%- endmacro %}

{% macro duckdb__joined_texts(text, separator, order_by) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}
