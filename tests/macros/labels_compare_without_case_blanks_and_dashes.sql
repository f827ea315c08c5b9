-- normalized_label, trimmed and rewritten on the characters that extracts hold: hyphens and dashes, no-break spaces, tabs,
-- accents, and what nobody sees.
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
        'a-b' as label,
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
        concat(chr(65279), 'MMR', chr(8203), '-V', chr(173), 'ar', chr(8205)) as written,
        'mmr-var' as label,
        'MMR-Var' as without_outer_blanks,
        'mmrvar' as letters
    union all
    select
        concat(chr(12288), 'ＭＭＲ－Ｖａｒ', chr(8195)) as written,
        'mmr-var' as label,
        'MMR-Var' as without_outer_blanks,
        'mmrvar' as letters
    union all
    select
        concat('Men', chr(8210), 'C', chr(8213), 'C', chr(65123), chr(11834)) as written,
        'men-c-c-' as label,
        concat('Men', chr(8210), 'C', chr(8213), 'C', chr(65123), chr(11834)) as without_outer_blanks,
        'mencc' as letters
    union all
    select
        concat('E', chr(769), 'le', chr(769), 'mentaire') as written,
        'élémentaire' as label,
        'Élémentaire' as without_outer_blanks,
        'élémentaire' as letters
    union all
    select
        'Renfrew’s ‘Unit’' as written,
        concat('renfrew', chr(39), 's-', chr(39), 'unit', chr(39)) as label,
        'Renfrew’s ‘Unit’' as without_outer_blanks,
        'renfrewsunit' as letters
    union all
    select
        concat(' ', chr(9), chr(160), chr(8203), chr(12288)) as written,
        cast(null as {{ dbt.type_string() }}) as label,
        cast(null as {{ dbt.type_string() }}) as without_outer_blanks,
        cast(null as {{ dbt.type_string() }}) as letters
)

select written
from cases
where
    {{ normalized_label('written') }} is distinct from label
    or {{ trimmed('written') }} is distinct from without_outer_blanks
    or lower({{ rewritten(trimmed('written'), [['[^\\p{L}]', '']]) }}) is distinct from letters
