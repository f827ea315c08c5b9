{#- Every range of ages starts before it ends. -#}
{% test from_before(model, pairs, has_grades=false) %}
{%- for pair in pairs %}
select
    rows_of_table.*,
    '{{ pair[0] }}' as column_name,
    {{ pair[0] }} as column_value,
    concat('is not before {{ pair[1] }}, ', {{ pair[1] }}) as problem
from {{ model }} as rows_of_table
where
    {%- if has_grades %}
    {{ day_of_age("date '2000-01-01'", pair[0]) }}
    >= {{ day_of_age("date '2000-01-01'", pair[1]) }}
    {%- else %}
    {{ add_period("date '2000-01-01'", 'cast(' ~ pair[0] ~ ' as interval)') }}
    >= {{ add_period("date '2000-01-01'", 'cast(' ~ pair[1] ~ ' as interval)') }}
    {%- endif %}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{% endtest %}
