-- date_shape holds nothing of the text; date_shape_kind tells formats of programs from typing errors.
{%- set cases = {
    '43332': ['99999', 'excel_serial'], '43332.5': ['99999.9', 'excel_serial'], '17764': ['99999', 'day_count'],
    '1534723200': ['9999999999', 'epoch_seconds'], '1534723200000': ['9999999999999', 'epoch_milliseconds'],
    '08/20/2018': ['99/99/9999', 'day_or_month_first'], '3.4.2018': ['9.9.9999', 'day_or_month_first'],
    '20-08-18': ['99-99-99', 'two_digit_year'], '20-Aug-18': ['99-Mon-99', 'two_digit_year'],
    'Aug 20, 18': ['Mon 99, 99', 'two_digit_year'], '20 sept. 18': ['99 Mon. 99', 'two_digit_year'],
    '2018-02-30': ['9999-99-99', 'no_such_day'], 'Fall 2009': ['aaaa 9999', 'other'], 'unknown': ['aaaaaaa', 'other'],
    '1er février 2012': ['9aa Mon 9999', 'other'], 'Marie': ['aaaaa', 'other']
} %}
-- Rows of one list: a select for each would have the macros planned as often as there are cases.
with cases as (
    select listed.*
    from (
        values
        {%- for written, expected in cases.items() %}
        ('{{ written }}', '{{ expected[0] }}', '{{ expected[1] }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as listed (written, expected_shape, expected_kind)
),

shaped as (
    select
        *,
        {{ date_shape('written') }} as shape
    from cases
),

kinds as (
    select
        *,
        {{ date_shape_kind('written', 'shape') }} as kind
    from shaped
)

select
    written,
    shape,
    kind
from kinds
where
    shape is distinct from expected_shape
    or kind is distinct from expected_kind
