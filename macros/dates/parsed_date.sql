{#-
    The date that a text of an extract means. The standard forms are 2013-08-20, 2013 AUG 20 and Aug 20, 2013; other unambiguous forms
    are read too: a time of day after the date, a month written out or in French, day, month word and year in another order
    (20AUG2013, 20 août 2013), year first with other separators, eight digits (20130820, as HL7 writes days).
    Null for anything else, and for years before 1 or after 9999. Day-first and month-first numbers, two-digit years, serial numbers
    and seconds since 1970 are never guessed. A time with a zone has to be midnight in UTC or in Ontario.
    `form` is SQL of the text's date_form, if already computed.
-#}
{% macro parsed_date(text, form=none) -%}
    {%- set written = 'cast(' ~ text ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {#- The few texts in other forms are rewritten step by step to year-month-day. -#}
    {%- set folded = 'translate(lower(' ~ unquoted(written) ~ "), 'éèêëûùüàâôîïç', 'eeeeuuuaaoiic')" -%}
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
    {%- for words in patterns().months -%}
        {%- do steps.append(['(^|[^a-z])(?:' ~ words ~ ')[.]?($|[^a-z])', '\\1~' ~ '%02d' % loop.index ~ '~\\2']) -%}
    {%- endfor -%}
    {%- do steps.extend([
        ['^([0-9]{4})[ ./,-]*~([0-9]{2})~[ ./,-]*([0-9]{1,2})$', '\\1-\\2-\\3'],
        ['^~([0-9]{2})~[ ./,-]*([0-9]{1,2})[ ./,-]+([0-9]{4})$', '\\3-\\1-\\2'],
        ['^([0-9]{1,2})[ ./,-]*~([0-9]{2})~[ ./,-]*([0-9]{4})$', '\\3-\\2-\\1'],
        ['^([0-9]{4})[ ./]([0-9]{1,2})[ ./]([0-9]{1,2})$', '\\1-\\2-\\3'],
        ['^((?:19|20)[0-9]{2}|2100)([0-9]{2})([0-9]{2})$', '\\1-\\2-\\3'],
        ['^(' ~ patterns().year ~ '-[0-9]{1,2}-[0-9]{1,2})$|^.*$', '\\1']
    ]) -%}
    case {{ form or date_form(text) }}
        when 'iso' then try_cast({{ text }} as date)
        when 'year_first' then {{ adapter.dispatch('day_written')(written, 'year_first') }}
        when 'month_first' then {{ adapter.dispatch('day_written')(written, 'month_first') }}
        when 'other' then {{ adapter.dispatch('day_written')("nullif(" ~ rewritten(folded, steps) ~ ", '')", 'numbers') }}
    end
{%- endmacro %}

{#-
    Form of a date text: `iso`, `year_first` (2013 AUG 20), `month_first` (Aug 20, 2013) or `other`; null for null. Nearly every text is
    iso, which is recognized without a regular expression. A cast alone would read 2013-08-2x as the second.
-#}
{% macro date_form(text) -%}
    {%- set written = 'cast(' ~ text ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {#- Months of three letters only: what strptime and Spark's MMM read. -#}
    {%- set month = '(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)' -%}
    case
        when lower(typeof({{ text }})) = 'date'
            then case when try_cast({{ text }} as date) between date '0001-01-01' and date '9999-12-31' then 'iso' else 'other' end
        when {{ written }} >= '0001' and {{ adapter.dispatch('is_iso_date')(written) }} then 'iso'
        when {{ text }} is null then null
        when {{ has_match(written, '^' ~ patterns().year ~ ' ' ~ month ~ ' [0-9]{1,2}$') }} then 'year_first'
        when {{ has_match(written, '^' ~ month ~ ' [0-9]{1,2}, ' ~ patterns().year ~ '$') }} then 'month_first'
        else 'other'
    end
{%- endmacro %}

{% macro duckdb__is_iso_date(text) -%}
    {{ text }} glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
{%- endmacro %}

{% macro duckdb__day_written(text, form) -%}
    cast(try_strptime({{ text }}, '{{ {"year_first": "%Y %b %d", "month_first": "%b %d, %Y", "numbers": "%Y-%m-%d"}[form] }}') as date)
{%- endmacro %}

{#- Pattern of a text that is not a date: digits as 9, month words as Mon, other letters as a. Contains nothing of the text itself. -#}
{% macro date_shape(text) -%}
    {%- set folded = 'translate(' ~ text ~ ", 'éèûÉÈÛ', 'eeueeu')" -%}
    replace({{ rewritten(folded, [
        ['(?i)(^|[^\\p{L}])(?:' ~ patterns().months | join('|') ~ ')($|[^\\p{L}])', '\\1\u0001\\2'], ['\\p{L}', 'a'], ['\\p{Nd}', '9']
    ]) }}, chr(1), 'Mon')
{%- endmacro %}

{#- Likely meaning of a text that is not a date, one of `date_shape_kinds`. `shape` is its date_shape. -#}
{% macro date_shape_kind(text, shape) -%}
    {%- set numbers = "replace(replace(" ~ shape ~ ", '-', '/'), '.', '/')" -%}
    case
        when {{ shape }} in ('99999', '99999.9', '99999.99') or {{ shape }} like '99999.999%'
            then case when {{ text }} between '25000' and '75000' then 'excel_serial' else 'day_count' end
        when {{ shape }} in ('9999.9', '99999', '9999') and {{ text }} >= '3650' then 'day_count'
        when {{ shape }} in ('999999999', '9999999999', '9999999999.9', '999999999.9') then 'epoch_seconds'
        when {{ shape }} in ('999999999999', '9999999999999') then 'epoch_milliseconds'
        when {{ shape }} like '9999-%' or {{ shape }} like '9999/%' or {{ shape }} = '99999999' then 'no_such_day'
        when {{ numbers }} like '%9/%9/9999%' then 'day_or_month_first'
        when
            {{ numbers }} like '%9/%9/99'
            or {{ numbers }} like '%9/%9/99 %'
            or {{ shape }} like '%Mon_99'
            or {{ shape }} like '%Mon. 99'
            or {{ shape }} like '%Mon99'
            or {{ shape }} like 'Mon%, 99'
            then 'two_digit_year'
        else 'other'
    end
{%- endmacro %}
