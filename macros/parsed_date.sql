{#-
    The day that a text of an extract names. The plain forms are 2013-08-20, 2013 AUG 20 and Aug 20, 2013; read too is what can
    mean one day only: a time of day after the day, a month written out or in French, day, month word and year in another order
    (20AUG2013, 20 août 2013), year first with other separators, eight digits (20130820, as HL7 writes days).
    Null for anything else, the years before 1 and after 9999 too. Day-first and month-first numbers, two-digit years, serial numbers
    and seconds since 1970 are never guessed. A time with a zone has to be midnight in UTC or in Ontario.
-#}
{% macro parsed_date(text) -%}
    case
        {{ date_form(text) }}
        when 'iso' then {{ iso_date(text) }}
        when 'year_first' then {{ worded_date(text, 'year_first') }}
        when 'month_first' then {{ worded_date(text, 'month_first') }}
        when 'other' then {{ other_date(text) }}
    end
{%- endmacro %}

{#-
    Which of the plain forms a text has: `iso`, `year_first` (2013 AUG 20), `month_first` (Aug 20, 2013), else `other`; null without
    a text. Nearly every text is iso, told without a regular expression.
-#}
{% macro date_form(text) -%}
    {{ return(adapter.dispatch('date_form')(text)) }}
{%- endmacro %}

{% macro duckdb__date_form(text) -%}
    {%- set written = 'cast(' ~ text ~ ' as varchar)' -%}
    case
        when typeof({{ text }}) = 'DATE'
            then case when try_cast({{ text }} as date) between date '0001-01-01' and date '9999-12-31' then 'iso' else 'other' end
        when {{ written }} >= '0001' and {{ written }} glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' then 'iso'
        when {{ text }} is null then null
        when regexp_full_match({{ written }}, '{{ plain_date_patterns().year_first }}') then 'year_first'
        when regexp_full_match({{ written }}, '{{ plain_date_patterns().month_first }}') then 'month_first'
        else 'other'
    end
{%- endmacro %}

{% macro spark__date_form(text) -%}
    {%- set written = 'cast(' ~ text ~ ' as string)' -%}
    case
        when typeof({{ text }}) = 'date'
            then case when try_cast({{ text }} as date) between date '0001-01-01' and date '9999-12-31' then 'iso' else 'other' end
        when {{ written }} >= '0001' and {{ written }} rlike r'^[0-9]{4}-[0-9]{2}-[0-9]{2}\z' then 'iso'
        when {{ text }} is null then null
        when {{ written }} rlike r'^{{ plain_date_patterns().year_first }}\z' then 'year_first'
        when {{ written }} rlike r'^{{ plain_date_patterns().month_first }}\z' then 'month_first'
        else 'other'
    end
{%- endmacro %}

{#- English months of three letters only: what strptime and Spark's MMM read. -#}
{% macro plain_date_patterns() -%}
    {%- set month = '(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)' -%}
    {%- set year = '(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})' -%}
    {{ return({
        'year': year,
        'year_first': year ~ ' ' ~ month ~ ' [0-9]{1,2}',
        'month_first': month ~ ' [0-9]{1,2}, ' ~ year
    }) }}
{%- endmacro %}

{#- A text of the form `iso` as a date. DuckDB's cast alone would read 2013-08-2x as the second. -#}
{% macro iso_date(text) -%}
    try_cast({{ text }} as date)
{%- endmacro %}

{% macro worded_date(text, form) -%}
    {{ return(adapter.dispatch('worded_date')('cast(' ~ text ~ ' as ' ~ dbt.type_string() ~ ')', form)) }}
{%- endmacro %}

{% macro duckdb__worded_date(text, form) -%}
    cast(try_strptime({{ text }}, '{{ "%Y %b %d" if form == "year_first" else "%b %d, %Y" }}') as date)
{%- endmacro %}

{#- Spark's MMM wants a capital letter first. -#}
{% macro spark__worded_date(text, form) -%}
    try_to_date(initcap({{ text }}), '{{ "yyyy MMM d" if form == "year_first" else "MMM d, yyyy" }}')
{%- endmacro %}

{#- A text of no plain form as a date: rewritten step by step to year-month-day. For the few rows that have another form. -#}
{% macro other_date(text) -%}
    {%- set written = lowered_text('cast(' ~ text ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    {{ return(adapter.dispatch('day_of_parts')(rewritten(written, date_rewritings()), plain_date_patterns().year ~ '-[0-9]{1,2}-[0-9]{1,2}')) }}
{%- endmacro %}

{% macro duckdb__day_of_parts(text, pattern) -%}
    cast(try_strptime(regexp_extract({{ text }}, '^{{ pattern }}$'), '%Y-%m-%d') as date)
{%- endmacro %}

{% macro spark__day_of_parts(text, pattern) -%}
    try_to_date(nullif(regexp_extract({{ text }}, r'^{{ pattern }}\z', 0), ''), 'yyyy-M-d')
{%- endmacro %}

{#- Lower case, blanks as one space, none and no quotes around it, French accents folded: what dates are read from. -#}
{% macro lowered_text(text) -%}
    translate(lower({{ unquoted(text) }}), 'éèêëûùüàâôîïç', 'eeeeuuuaaoiic')
{%- endmacro %}

{#- Pairs of a regular expression and what replaces it, \1 for its first group; each works on what the one before left. -#}
{% macro date_rewritings() -%}
    {%- set midnight = '00:00(?::00(?:[.,]0+)?)?' -%}
    {%- set time = '(?:[01]?[0-9]|2[0-4])[:h][0-5][0-9](?:[:.][0-5][0-9](?:[.,][0-9]+)?)?' -%}
    {%- set dotted_time = '(?:[01]?[0-9]|2[0-4])[.][0-5][0-9][.][0-5][0-9](?:[.,][0-9]+)?' -%}
    {%- set steps = [
        ['^(?:mon|monday|tue|tues|tuesday|wed|wednesday|thu|thur|thurs|thursday|fri|friday|sat|saturday|sun|sunday'
            ~ '|lun|lundi|mardi|mer|mercredi|jeu|jeudi|ven|vendredi|sam|samedi|dim|dimanche)[.]?,? +', ''],
        ['^([a-z]+[.]? [0-9]{1,2}) 00:00:00 (?:edt|est|utc|gmt) ([0-9]{4})$', '\\1, \\2'],
        ['^([0-9]{8})0000(?:00)?(?:[.]0+)?[+-]0[045]00$', '\\1'],
        ['^([0-9]{8})t?(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?(?:[.][0-9]+)?$', '\\1'],
        ['[ t]+' ~ midnight ~ ' ?(?:z|utc|gmt|[+-]00(?::?00)?|-0[45](?::?00)?)$', ''],
        ['^([0-9]{4}-(?:0[3-9]|1[01])-[0-9]{2})[ t]04:00(?::00(?:[.,]0+)?)? ?(?:z|utc|[+]00(?::?00)?)$', '\\1'],
        ['^([0-9]{4}-(?:0[1-3]|1[12])-[0-9]{2})[ t]05:00(?::00(?:[.,]0+)?)? ?(?:z|utc|[+]00(?::?00)?)$', '\\1'],
        ['(?:[ t,:]+|-)(?:' ~ time ~ '|' ~ dotted_time ~ ')(?: ?[ap][.]?m[.]?)?$', ''],
        ['([0-9])(?:st|nd|rd|th|er)($|[^a-z])', '\\1\\2']
    ] -%}
    {%- for words in words_of_months() -%}
        {%- do steps.append(['(^|[^a-z])(?:' ~ words ~ ')[.]?($|[^a-z])', '\\1~' ~ '%02d' % loop.index ~ '~\\2']) -%}
    {%- endfor -%}
    {%- do steps.extend([
        ['^([0-9]{4})[ ./,-]*~([0-9]{2})~[ ./,-]*([0-9]{1,2})$', '\\1-\\2-\\3'],
        ['^~([0-9]{2})~[ ./,-]*([0-9]{1,2})[ ./,-]+([0-9]{4})$', '\\3-\\1-\\2'],
        ['^([0-9]{1,2})[ ./,-]*~([0-9]{2})~[ ./,-]*([0-9]{4})$', '\\3-\\2-\\1'],
        ['^([0-9]{4})[ ./]([0-9]{1,2})[ ./]([0-9]{1,2})$', '\\1-\\2-\\3'],
        ['^((?:19|20)[0-9]{2}|2100)([0-9]{2})([0-9]{2})$', '\\1-\\2-\\3']
    ]) -%}
    {{ return(steps) }}
{%- endmacro %}

{#- The words and abbreviations of each month, English and French, without accents. -#}
{% macro words_of_months() -%}
    {{ return([
        'jan|january|janv|janvier', 'feb|february|fev|fevr|fevrier', 'mar|march|mars', 'apr|april|avr|avril', 'may|mai',
        'jun|june|juin', 'jul|july|juil|juill|juillet', 'aug|august|aout|aou', 'sep|sept|september|septembre',
        'oct|october|octobre', 'nov|november|novembre', 'dec|december|decembre'
    ]) }}
{%- endmacro %}

{#- A text after each of `steps`, in their order. -#}
{% macro rewritten(text, steps) -%}
    {%- set ns = namespace(text=text) -%}
    {%- for pattern, replacement in steps -%}
        {%- set ns.text = adapter.dispatch('replaced')(ns.text, pattern, replacement) -%}
    {%- endfor -%}
    {{ return(ns.text) }}
{%- endmacro %}

{% macro duckdb__replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro spark__replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, r'{{ pattern | replace('$)', '\\z)') }}', '{{ replacement | replace('\\', '$') }}')
{%- endmacro %}
