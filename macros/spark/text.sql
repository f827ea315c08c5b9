{#- Spark composes no accents: those of French are. -#}
{% macro spark__composed(text) -%}
    {%- set composed = {'\u0300': ['aeu', 'àèù'], '\u0301': ['e', 'é'], '\u0302': ['aeiou', 'âêîôû'], '\u0308': ['eiu', 'ëïü'], '\u0327': ['c', 'ç']} -%}
    {%- set ns = namespace(text=text) -%}
    {%- for accent, letters in composed.items() -%}
        {%- for letter in letters[0] -%}
            {%- set with_accent = letters[1][loop.index0] -%}
            {%- set ns.text = "replace(replace(" ~ ns.text ~ ", '" ~ letter ~ accent ~ "', '" ~ with_accent ~ "'), '"
                ~ (letter | upper) ~ accent ~ "', '" ~ (with_accent | upper) ~ "')" -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(ns.text) }}
{%- endmacro %}

{% macro spark__joined_texts(text, separator, order_by) -%}
    listagg({{ text }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}
