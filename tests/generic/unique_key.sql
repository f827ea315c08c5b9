{#- No two rows agree in all columns of the key. -#}
{% test unique_key(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as rows_with_key,
    'stands more than once' as problem
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
