-- normalized_label, trimmed and letters_only on the characters that extracts hold: hyphens and dashes, no-break spaces, tabs,
-- accents.
{%- set no_break_space, en_dash, minus = '\u00a0', '\u2013', '\u2212' %}
with cases as (
    select
        'men-AC unspecified' as written,
        'men-ac-unspecified' as label,
        'men-AC unspecified' as without_outer_blanks,
        'menacunspecified' as letters
    union all
    select
        '{{ no_break_space }} Men {{ en_dash }} AC{{ minus }}  UNSPECIFIED {{ no_break_space }}' as written,
        'men-ac-unspecified' as label,
        'Men {{ en_dash }} AC{{ minus }}  UNSPECIFIED' as without_outer_blanks,
        'menacunspecified' as letters
    union all
    select
        concat(chr(9), 'École', chr(160), 'Élémentaire', chr(13), chr(10)) as written,
        'école-élémentaire' as label,
        concat('École', chr(160), 'Élémentaire') as without_outer_blanks,
        'écoleélémentaire' as letters
    union all
    select
        '-a-' as written,
        '-a-' as label,
        '-a-' as without_outer_blanks,
        'a' as letters
    union all
    select
        concat('a', chr(11), 'b') as written,
        concat('a', chr(11), 'b') as label,
        concat('a', chr(11), 'b') as without_outer_blanks,
        'ab' as letters
    union all
    select
        'Engerix®-B 20 µg' as written,
        'engerix®-b-20-µg' as label,
        'Engerix®-B 20 µg' as without_outer_blanks,
        'engerixbµg' as letters
    union all
    select
        concat(' ', chr(9), chr(160)) as written,
        cast(null as {{ dbt.type_string() }}) as label,
        cast(null as {{ dbt.type_string() }}) as without_outer_blanks,
        '' as letters
)

select written
from cases
where
    {{ normalized_label('written') }} is distinct from label
    or {{ trimmed('written') }} is distinct from without_outer_blanks
    or {{ letters_only('written') }} is distinct from letters
