{#- The shape of a text that is no date: digits as 9, month words as Mon, every other letter as a. Holds nothing of the text itself. -#}
{% macro date_shape(text) -%}
    {%- set folded = 'translate(' ~ text ~ ", 'éèûÉÈÛ', 'eeueeu')" -%}
    replace({{ rewritten(folded, [
        ['(?i)(^|[^\\p{L}])(?:' ~ patterns().months | join('|') ~ ')($|[^\\p{L}])', '\\1\u0001\\2'], ['\\p{L}', 'a'], ['\\p{Nd}', '9']
    ]) }}, chr(1), 'Mon')
{%- endmacro %}

{#- What a text that is no date is likely to be: a kind of `date_shape_kinds`. `shape` is its date_shape. -#}
{% macro date_shape_kind(text, shape) -%}
    {%- set numbers = "replace(replace(" ~ shape ~ ", '-', '/'), '.', '/')" -%}
    case
        when {{ shape }} in ('99999', '99999.9', '99999.99') or {{ shape }} like '99999.999%'
            then case when {{ text }} between '25000' and '75000' then 'excel_serial' else 'day_count' end
        when {{ shape }} in ('9999.9', '99999', '9999') and {{ text }} >= '3650' then 'day_count'
        when {{ shape }} in ('999999999', '9999999999', '9999999999.9', '999999999.9') then 'epoch_seconds'
        when {{ shape }} in ('999999999999', '9999999999999') then 'epoch_milliseconds'
        when {{ shape }} like '9999-%' or {{ shape }} like '9999/%' or {{ shape }} = '99999999' then 'no_such_day'
        when {{ numbers }} like '%9/%9/9999%' then 'day_or_month_first'
        when
            {{ numbers }} like '%9/%9/99'
            or {{ numbers }} like '%9/%9/99 %'
            or {{ shape }} like '%Mon_99'
            or {{ shape }} like '%Mon. 99'
            or {{ shape }} like '%Mon99'
            or {{ shape }} like 'Mon%, 99'
            then 'two_digit_year'
        else 'other'
    end
{%- endmacro %}
