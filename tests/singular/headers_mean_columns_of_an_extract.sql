-- Each row of the column map names a column of the extract.
select
    headers.extract_name,
    headers.column_name,
    headers.header,
    'is not a column of an extract' as problem
from {{ ref('extract_headers') }} as headers
left join (
    values
    {%- for extract_name, extract in extract_columns().items() %}
    {%- set is_last = loop.last %}
    {%- for column in extract.required + extract.optional %}
    ('{{ extract_name }}', '{{ column }}'){{ ',' if not (is_last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
) as known (extract_name, column_name)
    on
        headers.extract_name = known.extract_name
        and headers.column_name = known.column_name
where known.column_name is null
