{#- None of the columns is null: one test that reads no more than a not_null test of each. Its rows name the columns that are. -#}
{% test never_null(model, columns) %}
{%- for column in columns %}
select
    '{{ column }}' as column_name,
    count(*) as rows_without_value,
    'is empty' as problem
from {{ model }}
where {{ adapter.quote(column) }} is null
having count(*) > 0
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{% endtest %}
