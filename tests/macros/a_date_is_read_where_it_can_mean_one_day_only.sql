-- parsed_date: the plain forms 2013-08-20, 2013 AUG 20 and Aug 20, 2013, and shapes that can mean one day only; anything else is no
-- date.
{%- set cases = {
    '2013-08-20': '2013-08-20', ' 2013-8-2 ': '2013-08-02', '2013-08-20 00:00:00': '2013-08-20', '2013-08-20T00:00:00.000': '2013-08-20',
    '2013 AUG 20': '2013-08-20', '2013 sep 5': '2013-09-05', 'Aug 20, 2013': '2013-08-20', 'MAY 1, 2013': '2013-05-01',
    '2016-02-29': '2016-02-29', '2015-02-29': none, '2013 FEB 30': none, 'Feb 29, 2015': none,
    '2013-08-20 10:00:00': '2013-08-20', '2013-08-20T9:05': '2013-08-20', '2013-08-20 23:59:59.999999': '2013-08-20',
    '2013-08-20 10:00:00 AM': '2013-08-20', '2013-08-20-10.30.00.000000': '2013-08-20', '2013-08-20 25:00:00': none,
    '2013-08-20 10:61:00': none, '20AUG2013:10:30:00': '2013-08-20', 'Aug 20, 2013 10:30 p.m.': '2013-08-20',
    '2013-08-20T00:00:00Z': '2013-08-20', '2013-08-20 00:00:00+00:00': '2013-08-20', '2013-08-20T00:00:00-04:00': '2013-08-20',
    '2013-08-20T04:00:00Z': '2013-08-20', '2013-01-20T05:00:00Z': '2013-01-20', '2013-01-20T04:00:00Z': none,
    '2013-08-20T22:00:00Z': none, '2013-08-20T00:00:00+02:00': none,
    '2013/08/20': '2013-08-20', '2013.08.20': '2013-08-20', '2013/08/20 10:30': '2013-08-20', '20130820': '2013-08-20',
    '20130230': none, '18991231': none, '21010101': none, '01022013': none, '20131301': none,
    '201308201030': '2013-08-20', '20130820103000': '2013-08-20', '20130820103000.123': '2013-08-20',
    '20130820000000-0400': '2013-08-20', '20130820103000-0400': none, '20130820T103000': '2013-08-20',
    '20AUG2013': '2013-08-20', '20-Aug-2013': '2013-08-20', '20 aug 2013': '2013-08-20', '20 August 2013': '2013-08-20',
    '20. August 2013': '2013-08-20', '20/Aug/2013': '2013-08-20', '2013-Aug-20': '2013-08-20', '2013AUG20': '2013-08-20',
    'August 20, 2013': '2013-08-20', 'August 20 2013': '2013-08-20', 'Aug. 20, 2013': '2013-08-20', 'Aug 20th, 2013': '2013-08-20',
    'Sept 5, 2011': '2011-09-05', 'sept. 5, 2011': '2011-09-05', '2013 Sept 5': '2013-09-05', '5 sept. 2011': '2011-09-05',
    '20 août 2013': '2013-08-20', '1er mars 2012': '2012-03-01', '3 févr. 2012': '2012-02-03', '14 juillet 2012': '2012-07-14',
    '14 juil. 2012': '2012-07-14', '2 juin 2012': '2012-06-02', '31 décembre 2012': '2012-12-31', '31 DÉC 2012': '2012-12-31',
    'mardi 20 août 2013': '2013-08-20', 'Tuesday, August 20, 2013': '2013-08-20', 'Tue Aug 20 00:00:00 EDT 2013': '2013-08-20',
    'Tue Aug 20 10:30:00 EDT 2013': none, 'mar. 5, 2013': '2013-03-05',
    '20-Aug-13': none, '13-08-20': none, 'Aug 20, 13': none, '20AUG13': none, '31 juin 2012': none, '20 aoust 2013': none,
    '20-08-2013': none, '08/20/2013': none, '01/02/2013': none, '2013-13-01': none, '2013-20-08': none, '41506': none,
    '1376956800': none, '1376956800000': none, '20018-03-01': none, '20018 MAR 01': none, '2013': none, '2013-08': none,
    'Aug 2013': none, '20-3-08-02': none, '2013-08-20x': none, '': none, ' ': none, 'NULL': none,
    '2012-06-1O': none, '2013-06-1l': none, '2013-08-2?': none, '2013-08-2 ': '2013-08-02', '201O-06-10': none,
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
    union all
    select
        concat(chr(39), '2013-08-20') as written,
        date '2013-08-20' as expected
    union all
    select
        concat('=', chr(34), '2013-08-20', chr(34)) as written,
        date '2013-08-20' as expected
    union all
    select
        '２０１３‐０８‐２０' as written,
        date '2013-08-20' as expected
    union all
    select
        concat('2013', chr(8209), '08', chr(8209), '20', chr(8203)) as written,
        date '2013-08-20' as expected
)

select
    written,
    {{ parsed_date('written') }} as parsed
from cases
where {{ parsed_date('written') }} is distinct from expected
union all
select
    'a date is a date' as written,
    cast(null as date) as parsed
where {{ parsed_date("date '2013-08-20'") }} is distinct from date '2013-08-20'
union all
select
    'a date after the year 9999 is none' as written,
    cast(null as date) as parsed
where {{ parsed_date("(date '9999-12-31' + 100)") }} is not null
