{#- A whole number of days, months or years, or a grade. Nothing is cast: what is neither has to be found, not to end the query. -#}
{% test is_period(model, column_name, has_grades=false) %}
{%- set number = "split_part(" ~ column_name ~ ", ' ', 2)" if has_grades else none %}
select
    {{ column_name }},
    'is no whole number of days, months or years, such as 28 days{{ ", and no grade, such as grade 7" if has_grades }}' as problem
from {{ model }}
where
    {{ column_name }} is not null
    {%- if has_grades %}
    and not (
        {{ column_name }} = concat('grade ', {{ number }})
        and {{ number }} <> ''
        and translate({{ number }}, '0123456789', '') = ''
    )
    {%- endif %}
    and (
        {{ column_name }} <> concat(split_part({{ column_name }}, ' ', 1), ' ', split_part({{ column_name }}, ' ', 2))
        or split_part({{ column_name }}, ' ', 2) not in ('day', 'days', 'month', 'months', 'year', 'years')
        or split_part({{ column_name }}, ' ', 1) = ''
        or translate(split_part({{ column_name }}, ' ', 1), '0123456789', '') <> ''
        or split_part({{ column_name }}, ' ', 1) like '0_%'
    )
{% endtest %}
