{#- The shape of a text that is no date: digits as 9, month words as Mon, every other letter as a. Holds nothing of the text itself. -#}
{% macro date_shape(text) -%}
    {{ return(adapter.dispatch('date_shape')(text)) }}
{%- endmacro %}

{#- English and French, in full or cut, without accents too. -#}
{% macro month_words() -%}
    {{ return(
        '(?:jan(?:uary|vier|v)?|feb(?:ruary)?|f[eé]v(?:rier|r)?|mar(?:ch|s)?|apr(?:il)?|avr(?:il)?|may|mai|june?|juin|july?|juil(?:let|l)?|aug(?:ust)?|ao[uû]t?'
        ~ '|sept?(?:ember|embre)?|oct(?:ober|obre)?|nov(?:ember|embre)?|dec(?:ember)?|d[eé]c(?:embre)?)'
    ) }}
{%- endmacro %}

{% macro duckdb__date_shape(text) -%}
    replace(regexp_replace(
        regexp_replace(
            regexp_replace({{ text }}, '(^|[^\p{L}]){{ month_words() }}($|[^\p{L}])', concat('\1', chr(1), '\2'), 'gi'),
            '\p{L}', 'a', 'g'
        ),
        '\p{Nd}', '9', 'g'
    ), chr(1), 'Mon')
{%- endmacro %}

{% macro spark__date_shape(text) -%}
    replace(regexp_replace(
        regexp_replace(
            regexp_replace({{ text }}, r'(?iu)(?<!\p{L}){{ month_words() }}(?!\p{L})', chr(1)),
            r'\p{L}', 'a'
        ),
        r'\p{Nd}', '9'
    ), chr(1), 'Mon')
{%- endmacro %}
