{#- The forms of an id in which damaged ids meet: lower case, without decimals of 0, blanks, hyphens and separators. -#}
{% macro bare_id(id) -%}
    {{ without_blanks(
        "case when " ~ id ~ " like '%.0' then left(lower(" ~ id ~ "), length(" ~ id ~ ") - 2)"
        ~ " when " ~ id ~ " like '%.00' then left(lower(" ~ id ~ "), length(" ~ id ~ ") - 3) else lower(" ~ id ~ ") end"
    ) }}
{%- endmacro %}

{% macro without_blanks(text) -%}
    translate({{ text }}, ' -_/.,''', '')
{%- endmacro %}

{% macro without_zeros(text) -%}
    trim(leading '0' from {{ text }})
{%- endmacro %}

{#- The digits of an id without leading zeros: what ids with a prefix, lost zeros or decimals have in common. -#}
{% macro digits_of_id(id) -%}
    {{ without_zeros("translate(" ~ bare_id(id) ~ ", 'abcdefghijklmnopqrstuvwxyz:#()', '')") }}
{%- endmacro %}

{#- 1.23E+09: a number as Excel shows it where it is long. -#}
{% macro is_scientific(id) -%}
    (upper({{ id }}) like '_E+%' or upper({{ id }}) like '_._%E+%' or upper({{ id }}) like '_,_%E+%')
{%- endmacro %}
