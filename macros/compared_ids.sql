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
    {%- set bare = bare_id(id) -%}
    {#- Most ids have no letter, and translate costs by the characters that it looks for. -#}
    {{ without_zeros(
        "case when upper(" ~ bare ~ ") = " ~ bare ~ " then translate(" ~ bare ~ ", ':#()', '')"
        ~ " else translate(" ~ bare ~ ", 'abcdefghijklmnopqrstuvwxyz:#()', '') end"
    ) }}
{%- endmacro %}

{#- 1.23E+09: a number as Excel shows it where it is long. -#}
{% macro is_scientific(id) -%}
    (upper({{ id }}) like '_E+%' or upper({{ id }}) like '_._%E+%' or upper({{ id }}) like '_,_%E+%')
{%- endmacro %}
