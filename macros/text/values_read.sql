{#-
    Query of an extract's rows with cleaned values: ids without quotes and blanks, padded as in id_digits; dates parsed, with the text of
    those that are not dates in `<date>_unparsed`; labels and other texts trimmed. Texts that mean a missing value and placeholder dates
    are null (`meanings`, one row). `readings` notes what was changed: column|kind|shape, separated by semicolons; null for most rows.
    Whether a value is plain is tested once, so that only the others cost more.
-#}
{% macro values_read(rows, meanings, ids=[], dates=[], codes=[], labels=[], texts=[], others=['source_row_number', 'not_in_force']) -%}
    {%- set padded = ['client_id', 'school_id'] -%}
    {#- Conditions by column. Only texts as short as one that means a missing value are looked up; with *and* DuckDB looks up all. -#}
    {%- set is_no_value, has_invisible = {}, {} -%}
    {%- for kind, columns in {'ids': ids, 'dates': dates, 'codes': codes, 'labels': labels}.items() -%}
        {%- for column in columns -%}
            {%- set text = trimmed('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') if kind == 'dates' else column ~ '_text' -%}
            {%- do is_no_value.update({column: 'case when length(' ~ text ~ ') <= longest_no_value_of_' ~ kind
                ~ " then position(concat('|', lower(" ~ text ~ "), '|') in no_values_of_" ~ kind ~ ') > 0 else false end'}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for column in ids + codes + labels + texts -%}
        {%- do has_invisible.update({column: '(not ' ~ is_plain(column, []) ~ ' and ' ~ has_match(column, patterns().invisible) ~ ')'}) -%}
    {%- endfor -%}
    with told_apart as (
        select
            given.*,
            meanings.*
            {%- for id in ids %},
            {{ id }} >= '0' and {{ id }} < '{' and {{ is_plain(id, [' ', '\t', '\n', '\r', '"', "''"]) }} as {{ id }}_is_plain
            {%- endfor %}
            {%- for date in dates %},
            {{ date_form(date) }} as {{ date }}_form
            {%- endfor %}
        from {{ rows }} as given
        cross join {{ meanings }} as meanings
    ),

    parsed as (
        select
            *
            {%- for id in ids %},
            case when {{ id }}_is_plain then {{ id }} else {{ unquoted(id) }} end as {{ id }}_text
            {%- endfor %}
            {%- for date in dates %},
            {{ parsed_date(date, date ~ '_form') }} as {{ date }}_day
            {%- endfor %}
            {%- for label in codes + labels %},
            {{ trimmed(label) }} as {{ label }}_text
            {%- endfor %}
        from told_apart
    ),

    meant as (
        select
            {%- for text in texts %}
            {{ trimmed(text) }} as {{ text }},
            case when {{ has_invisible[text] }} then '{{ text }}|invisible_characters|' end as {{ text }}_reading,
            {%- endfor %}
            {%- for label in codes + labels %}
            case when not {{ is_no_value[label] }} then {{ label }}_text end as {{ label }},
            case
                when {{ is_no_value[label] }} then '{{ label }}|no_value_text|'
                when {{ has_invisible[label] }} then '{{ label }}|invisible_characters|'
            end as {{ label }}_reading,
            {%- endfor %}
            {%- for id in ids %}
            {%- set is_short = 'length(' ~ id ~ '_text) < ' ~ id ~ '_digits' %}
            {%- set is_padded = is_short ~ ' and translate(' ~ id ~ "_text, '0123456789', '') = ''" %}
            case
                when {{ is_no_value[id] }} then null
                {%- if id in padded %}
                when {{ is_padded }} then lpad({{ id }}_text, {{ id }}_digits, '0')
                {%- endif %}
                else {{ id }}_text
            end as {{ id }},
            case
                when {{ id }}_is_plain and length({{ id }}_text) > longest_no_value_of_ids
                    {%- if id in padded %} and not coalesce({{ is_short }}, false){% endif %}
                    then null
                when {{ is_no_value[id] }} then '{{ id }}|no_value_text|'
                {%- if id in padded %}
                when {{ is_padded }} then '{{ id }}|padded_id|'
                {%- endif %}
                when not {{ id }}_is_plain and {{ id }}_text <> {{ id }} then concat('{{ id }}|', case
                    when {{ id }} like '%''%' or {{ id }} like '%"%' or {{ id }} like '%=%' or {{ id }} like '%’%' then 'id_quotes'
                    when {{ has_invisible[id] }} then 'invisible_characters'
                    when replace({{ id }}, ' ', '') <> replace({{ id }}_text, ' ', '') and length({{ id }}) = length({{ id }}_text)
                        then 'unusual_characters'
                    else 'id_blanks'
                end, '|')
            end as {{ id }}_reading,
            {%- endfor %}
            {%- for date in dates %}
            {%- set string = 'cast(' ~ date ~ ' as ' ~ dbt.type_string() ~ ')' %}
            {%- set is_plain = date ~ '_day > early_placeholder and ' ~ date ~ '_day < late_placeholder' %}
            {%- set is_placeholder = "position(concat('|" ~ date ~ "=', cast(" ~ date ~ "_day as " ~ dbt.type_string() ~ "), '|') in placeholder_dates) > 0" %}
            case when {{ is_plain }} then {{ date }}_day when not {{ is_placeholder }} then {{ date }}_day end as {{ date }},
            case
                when {{ date }}_day is null and {{ date }} is not null then case when not {{ is_no_value[date] }} then {{ trimmed(string) }} end
            end as {{ date }}_unparsed,
            case
                when {{ date }}_form <> 'other' and {{ is_plain }} then null
                when {{ date }}_day is null then case when {{ is_no_value[date] }} then '{{ date }}|no_value_text|' end
                when {{ is_placeholder }} then concat('{{ date }}|placeholder_date|', cast({{ date }}_day as {{ dbt.type_string() }}))
                {#- Standard forms within blanks or quotes are not noted. -#}
                {%- set shape = date_shape(string) %}
                when
                    {{ date }}_form = 'other'
                    and {{ date_form(unquoted(string)) }} = 'other'
                    and not ({{ shape }} like '9999-9%-9%' and length({{ shape }}) <= 10)
                    then concat('{{ date }}|', case
                        when {{ string }} like '% 00:00%' or {{ string }} like '%T00:00%' then 'date_midnight'
                        when {{ shape }} like '%9:99%' then 'date_time_of_day'
                        when {{ shape }} like '%Mon%' then 'date_month_word'
                        when {{ shape }} like '99999999%' then 'date_digits_only'
                        else 'date_year_first'
                    end, '|', translate({{ shape }}, '|;', '  '))
            end as {{ date }}_reading,
            {%- endfor %}
            {{ others | join(', ') }}
        from parsed
    )

    {%- set readings = [] %}
    {%- for column in ids + codes + labels + texts + dates %}
        {%- do readings.append(column ~ '_reading') %}
    {%- endfor %}
    select
        {%- for column in others + ids + codes + labels + texts %}
        {{ column }},
        {%- endfor %}
        {%- for date in dates %}
        {{ date }},
        {{ date }}_unparsed,
        {%- endfor %}
        case when coalesce({{ readings | join(', ') }}) is not null then concat_ws(';', {{ readings | join(', ') }}) end as readings
    from meant
{%- endmacro %}
