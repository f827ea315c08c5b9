{#-
    A text without its outer blanks and without what nobody sees: every Unicode blank at its ends and invisible characters are taken
    off, full-width forms become the plain ones, accents are composed. Null where nothing is left.
-#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{#-
    Nearly every text is ASCII (as many bytes as characters), begins with a printable character and ends without a blank: told in a
    fifth of the time of a trim. Of the others, nearly all have only an accent.
-#}
{% macro duckdb__trimmed(text) -%}
    case
        when
            {{ text }} >= '!'
            and strlen({{ text }}) = length({{ text }})
            and not suffix({{ text }}, ' ')
            and not suffix({{ text }}, chr(9))
            and not suffix({{ text }}, chr(10))
            and not suffix({{ text }}, chr(13))
            then {{ text }}
        when
            not regexp_matches(
                {{ text }},
                '{{ "^" ~ blank_class() ~ "|" ~ blank_class() ~ "$|[\\x{0300}-\\x{036F}\\x{FF01}-\\x{FF5E}]|" ~ invisible_class() }}'
            )
            then nullif({{ text }}, '')
        else nullif(
            regexp_replace({{ visible_text(text) }}, '{{ "^" ~ blank_class() ~ "+|" ~ blank_class() ~ "+$" }}', '', 'g'), ''
        )
    end
{%- endmacro %}

{% macro spark__trimmed(text) -%}
    nullif(
        regexp_replace({{ visible_text(text) }}, r'{{ "^" ~ blank_class() ~ "+|" ~ blank_class() ~ "+\\z" }}', ''), ''
    )
{%- endmacro %}

{#- Characters that are a blank, as a class of a regular expression: Unicode's white space, and the separators of old files. -#}
{% macro blank_class() -%}
    {{ return('[\\t\\n\\x0B\\f\\r\\x1C-\\x1F\\x{85}\\p{Z}]') }}
{%- endmacro %}

{#- Characters that nobody sees: zero-width ones, byte-order marks, soft hyphens, variation selectors, fillers, control characters. -#}
{% macro invisible_class() -%}
    {{ return(
        '[\\x{00}-\\x{08}\\x{0E}-\\x{1B}\\x{7F}\\x{80}-\\x{84}\\x{86}-\\x{9F}\\p{Cf}\\x{034F}\\x{115F}\\x{1160}\\x{17B4}\\x{17B5}'
        ~ '\\x{180B}-\\x{180F}\\x{2800}\\x{3164}\\x{FE00}-\\x{FE0F}\\x{FFA0}]'
    ) }}
{%- endmacro %}

{#- A text without invisible characters, full-width forms as the plain ones, accents composed. -#}
{% macro visible_text(text) -%}
    {{ return(adapter.dispatch('visible_text')(text)) }}
{%- endmacro %}

{% macro duckdb__visible_text(text) -%}
    regexp_replace(
        translate(nfc_normalize({{ text }}), {{ full_width_forms() }}),
        '{{ invisible_class() }}', '', 'g'
    )
{%- endmacro %}

{#- Spark composes no accents: those of French are. -#}
{% macro spark__visible_text(text) -%}
    {%- set composed = {'\u0300': ['aeu', 'àèù'], '\u0301': ['e', 'é'], '\u0302': ['aeiou', 'âêîôû'], '\u0308': ['eiu', 'ëïü'], '\u0327': ['c', 'ç']} -%}
    {%- set ns = namespace(text=text) -%}
    {%- for accent, letters in composed.items() -%}
        {%- for letter in letters[0] -%}
            {%- set with_accent = letters[1][loop.index0] -%}
            {%- set ns.text = "replace(replace(" ~ ns.text ~ ", '" ~ letter ~ accent ~ "', '" ~ with_accent ~ "'), '"
                ~ (letter | upper) ~ accent ~ "', '" ~ (with_accent | upper) ~ "')" -%}
        {%- endfor -%}
    {%- endfor -%}
    regexp_replace(translate({{ ns.text }}, {{ full_width_forms(escape='\\') }}), r'{{ invisible_class() }}', '')
{%- endmacro %}

{#- U+FF01 to U+FF5E and what they are forms of, as two arguments of translate. -#}
{% macro full_width_forms(escape='') -%}
    '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～',
    '!"#$%&{{ "\\'" if escape else "''" }}()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[{{ escape }}\]^_`abcdefghijklmnopqrstuvwxyz{|}~'
{%- endmacro %}
