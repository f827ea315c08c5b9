{#- Every row satisfies a condition; a condition that is null does not count as satisfied. -#}
{% test rows_satisfy(model, condition) %}
select * from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
