{#- A whole number of days, months or years. -#}
{% test is_period(model, column_name) %}
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and (
        {{ column_name }} <> concat(
            cast(cast(split_part({{ column_name }}, ' ', 1) as int) as {{ dbt.type_string() }}), ' ',
            split_part({{ column_name }}, ' ', 2)
        )
        or split_part({{ column_name }}, ' ', 2) not in ('day', 'days', 'month', 'months', 'year', 'years')
        or cast(split_part({{ column_name }}, ' ', 1) as int) < 0
    )
{% endtest %}
