-- parsed_date: ISO (a midnight let pass), 2013 AUG 20 and Aug 20, 2013; anything else is no date.
{%- set cases = {
    '2013-08-20': '2013-08-20', ' 2013-8-2 ': '2013-08-02', '2013-08-20 00:00:00': '2013-08-20', '2013-08-20T00:00:00.000': '2013-08-20',
    '2013 AUG 20': '2013-08-20', '2013 sep 5': '2013-09-05', 'Aug 20, 2013': '2013-08-20', 'MAY 1, 2013': '2013-05-01',
    '2016-02-29': '2016-02-29', '2015-02-29': none, '2013 FEB 30': none, 'Feb 29, 2015': none, '2013-08-20 10:00:00': none,
    '20-08-2013': none, '08/20/2013': none, '2013/08/20': none, '20130820': none, '2013-13-01': none, '2013 Sept 5': none,
    'August 20, 2013': none, '2013-08-20x': none, '': none,
    '2012-06-1O': none, '2013-06-1l': none, '2013-08-2?': none, '2013-08-2 ': '2013-08-02', '20-3-08-02': none, '201O-06-10': none,
    '0000-01-01': none, '0000-1-1': none, '0000 JAN 01': none, 'Jan 01, 0000': none, '0001-01-01': '0001-01-01'
} %}
with cases as (
    {%- for written, expected in cases.items() %}
    select
        '{{ written }}' as written,
        cast({{ "'" ~ expected ~ "'" if expected else 'null' }} as date) as expected
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select written
from cases
where {{ parsed_date('written') }} is distinct from expected
union all
select 'a date is a date' as written
where {{ parsed_date("date '2013-08-20'") }} is distinct from date '2013-08-20'
