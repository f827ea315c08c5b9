{#- No day of birth falls into two rows of a key. -#}
{% test one_row_for_each_birth(model, key) %}
select
    rows_of_table.*,
    'born_from' as column_name,
    rows_of_table.born_from as column_value,
    concat('overlaps an earlier row, which ends on ', others.born_before) as problem
from {{ model }} as rows_of_table
inner join {{ model }} as others
    on
        {%- for column in key %}
        rows_of_table.{{ column }} = others.{{ column }}
        and {% endfor -%}
        coalesce(rows_of_table.born_from > others.born_from, others.born_from is null and rows_of_table.born_from is not null)
        and coalesce(rows_of_table.born_from < others.born_before, true)
{% endtest %}
