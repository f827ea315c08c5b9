{#- The counts of the public health units add up to the province's. -#}
{% test phus_add_up(model, key, counts) %}
select {{ key | join(', ') }}
from {{ model }}
group by {{ key | join(', ') }}
having
    {%- for count in counts %}
    {{ 'or ' if not loop.first }}sum(case when geography = 'province' then {{ count }} else 0 end)
    <> sum(case when geography = 'phu' then {{ count }} else 0 end)
    {%- endfor %}
{% endtest %}
