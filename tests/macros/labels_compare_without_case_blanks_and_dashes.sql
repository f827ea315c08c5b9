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
        concat('{{ "\ufeff" }}', 'MMR', '{{ "\u200b" }}', '-V', chr(173), 'ar', '{{ "\u200d" }}') as written,
        'mmr-var' as label,
        'MMR-Var' as without_outer_blanks,
        'mmrvar' as letters
    union all
    select
        concat('{{ "\u3000" }}', 'ＭＭＲ－Ｖａｒ', '{{ "\u2003" }}') as written,
        'mmr-var' as label,
        'MMR-Var' as without_outer_blanks,
        'mmrvar' as letters
    union all
    select
        concat('Men', '{{ "\u2012" }}', 'C', '{{ "\u2015" }}', 'C', '{{ "\ufe63" }}', '{{ "\u2e3a" }}') as written,
        'men-c-c-' as label,
        concat('Men', '{{ "\u2012" }}', 'C', '{{ "\u2015" }}', 'C', '{{ "\ufe63" }}', '{{ "\u2e3a" }}') as without_outer_blanks,
        'mencc' as letters
    union all
    select
        concat('E', '{{ "\u0301" }}', 'le', '{{ "\u0301" }}', 'mentaire') as written,
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
        concat(' ', chr(9), chr(160), '{{ "\u200b" }}', '{{ "\u3000" }}') as written,
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
