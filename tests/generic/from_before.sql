{#- Every range of ages starts before it ends. -#}
{% test from_before(model, pairs) %}
select * from {{ model }}
where
    {%- for pair in pairs %}
    {{ 'or ' if not loop.first }}{{ add_period("date '2000-01-01'", as_period(pair[0])) }}
    >= {{ add_period("date '2000-01-01'", as_period(pair[1])) }}
    {%- endfor %}
{% endtest %}
