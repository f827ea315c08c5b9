{#-
    Query of an extract's rows with their values read: ids without what was put around them, padded where id_digits says so; dates as
    dates, each with its text beside it where it is no date (`<date>_unparsed`); labels and other texts trimmed. Texts that mean no
    value (no_value_texts) and placeholder dates are null. `readings` says what was read otherwise than as it was written, for
    marts.extracts_read: column|kind|shape, separated by semicolons; null for nearly every row. Whether a value is plain is decided
    once, and only the others pay.
-#}
{% macro values_read(rows, ids=[], dates=[], codes=[], labels=[], texts=[], others=['source_row_number', 'not_in_force']) -%}
    {%- set string = dbt.type_string() -%}
    with meanings as (
        {{ value_meanings() }}
    ),

    told_apart as (
        select
            given.*,
            meanings.*
            {%- for id in ids %},
            {{ is_plain_id(id) }} as {{ id }}_is_plain
            {%- endfor %}
            {%- for date in dates %},
            {{ date_form(date) }} as {{ date }}_form
            {%- endfor %}
        from {{ rows }} as given
        cross join meanings
    ),

    parsed as (
        select
            *
            {%- for id in ids %},
            case when {{ id }}_is_plain then {{ id }} else {{ unquoted(id) }} end as {{ id }}_text
            {%- endfor %}
            {%- for date in dates %},
            case {{ date }}_form
                when 'iso' then {{ iso_date(date) }}
                when 'year_first' then {{ worded_date(date, 'year_first') }}
                when 'month_first' then {{ worded_date(date, 'month_first') }}
                when 'other' then {{ other_date(date) }}
            end as {{ date }}_day
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
            case when {{ has_invisible(text) }} then '{{ text }}|invisible_characters|' end as {{ text }}_reading,
            {%- endfor %}
            {%- for label in codes + labels %}
            {%- set list = 'no_code' if label in codes else 'no_label' %}
            case when not {{ is_listed(label ~ '_text', list, 'longest_' ~ list) }} then {{ label }}_text end as {{ label }},
            case
                when {{ is_listed(label ~ '_text', list, 'longest_' ~ list) }} then '{{ label }}|no_value_text|'
                when {{ has_invisible(label) }} then '{{ label }}|invisible_characters|'
            end as {{ label }}_reading,
            {%- endfor %}
            {%- for id in ids %}
            case
                when not {{ is_listed(id ~ '_text', 'no_id', 'longest_no_id') }}
                    then {{ padded_id(id ~ '_text', id ~ '_digits') if id in ['client_id', 'school_id'] else id ~ '_text' }}
            end as {{ id }},
            case
                when {{ id }}_is_plain and length({{ id }}_text) > longest_no_id
                    {%- if id in ['client_id', 'school_id'] %} and coalesce(length({{ id }}_text) >= {{ id }}_digits, true){% endif %}
                    then null
                when {{ is_listed(id ~ '_text', 'no_id', 'longest_no_id') }} then '{{ id }}|no_value_text|'
                {%- if id in ['client_id', 'school_id'] %}
                when {{ padded_id(id ~ '_text', id ~ '_digits') }} <> {{ id }}_text then '{{ id }}|padded_id|'
                {%- endif %}
                when not {{ id }}_is_plain and {{ id }}_text <> {{ id }} then {{ id_reading(id) }}
            end as {{ id }}_reading,
            {%- endfor %}
            {%- for date in dates %}
            {%- set written = trimmed('cast(' ~ date ~ ' as ' ~ string ~ ')') %}
            {%- set is_placeholder = "position(concat('|" ~ date ~ "=', cast(" ~ date ~ "_day as " ~ string ~ "), '|') in placeholder_dates) > 0" %}
            case
                when {{ date }}_day > early_placeholder and {{ date }}_day < late_placeholder then {{ date }}_day
                when not {{ is_placeholder }} then {{ date }}_day
            end as {{ date }},
            case
                when {{ date }}_day is null and {{ date }} is not null
                    then case when not {{ is_listed(written, 'no_date', 'longest_no_date') }} then {{ written }} end
            end as {{ date }}_unparsed,
            case
                when {{ date }}_form in ('iso', 'year_first', 'month_first') and {{ date }}_day > early_placeholder and {{ date }}_day < late_placeholder
                    then null
                when {{ date }}_day is null
                    then case when {{ is_listed(written, 'no_date', 'longest_no_date') }} then '{{ date }}|no_value_text|' end
                when {{ is_placeholder }} then concat('{{ date }}|placeholder_date|', cast({{ date }}_day as {{ string }}))
                when {{ date }}_form = 'other' then {{ date_reading(date) }}
            end as {{ date }}_reading,
            {%- endfor %}
            {%- for column in others %}
            {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from parsed
    )

    {%- set read_columns = ids + codes + labels + texts + dates %}
    select
        {%- for column in others + ids + codes + labels + texts %}
        {{ column }},
        {%- endfor %}
        {%- for date in dates %}
        {{ date }},
        {{ date }}_unparsed,
        {%- endfor %}
        case
            when coalesce({% for column in read_columns %}{{ column }}_reading{{ ', ' if not loop.last }}{% endfor %}) is not null
                then concat_ws(';'{% for column in read_columns %}, {{ column }}_reading{% endfor %})
        end as readings
    from meant
{%- endmacro %}
