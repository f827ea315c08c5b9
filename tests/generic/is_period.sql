{#- A whole number of days, months or years. Nothing is cast: what is no period has to be found, not to end the query. -#}
{% test is_period(model, column_name) %}
select
    {{ column_name }},
    'is no whole number of days, months or years, such as 28 days' as problem
from {{ model }}
where
    {{ column_name }} is not null
    and (
        {{ column_name }} <> concat(split_part({{ column_name }}, ' ', 1), ' ', split_part({{ column_name }}, ' ', 2))
        or split_part({{ column_name }}, ' ', 2) not in ('day', 'days', 'month', 'months', 'year', 'years')
        or split_part({{ column_name }}, ' ', 1) = ''
        or translate(split_part({{ column_name }}, ' ', 1), '0123456789', '') <> ''
        or split_part({{ column_name }}, ' ', 1) like '0_%'
    )
{% endtest %}
