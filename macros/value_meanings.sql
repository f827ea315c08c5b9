{#-
    One row of what the value seeds say, for values_read: the texts that mean no value, the placeholder dates by column, the last of
    them before and the first from the year 2000 on (between the two no date is one), and the digits of ids.
-#}
{% macro value_meanings() -%}
    {%- set no_values = [['no_id', 'is_in_ids'], ['no_date', 'is_in_dates'], ['no_code', 'is_in_codes'], ['no_label', 'is_in_labels']] -%}
    select
        no_values.*,
        placeholders.*,
        digits.*
    from (
        select
            {%- for name, condition in no_values %}
            concat('|', {{ joined_texts('case when ' ~ condition ~ ' then lower(no_value_text) end', '|', 'no_value_text') }}, '|') as {{ name }},
            max(case when {{ condition }} then length(no_value_text) end) as longest_{{ name }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ ref('no_value_texts') }}
    ) as no_values
    cross join (
        select
            concat('|', {{ joined_texts("concat(column_name, '=', placeholder_date)", '|', 'column_name, placeholder_date') }}, '|') as placeholder_dates,
            coalesce(max(case when placeholder_date < '2000' then cast(placeholder_date as date) end), date '0001-01-01') as early_placeholder,
            coalesce(min(case when placeholder_date >= '2000' then cast(placeholder_date as date) end), date '9999-12-31') as late_placeholder
        from {{ ref('placeholder_dates') }}
    ) as placeholders
    cross join (
        select
            max(case when column_name = 'client_id' then digits end) as client_id_digits,
            max(case when column_name = 'school_id' then digits end) as school_id_digits
        from {{ ref('id_digits') }}
    ) as digits
{%- endmacro %}

{#- Whether a text is one of a list of value_meanings; false for null. Texts longer than the longest need no look. -#}
{% macro is_listed(text, list, longest) -%}
    coalesce(length({{ text }}) <= {{ longest }} and position(concat('|', lower({{ text }}), '|') in {{ list }}) > 0, false)
{%- endmacro %}

{#- Whether a text has characters that nobody sees, or an accent of its own: told fast where it is ASCII. -#}
{% macro has_invisible(text) -%}
    {{ return(adapter.dispatch('has_match')(text, invisible_class())) }}
{%- endmacro %}

{% macro has_match(text, pattern) -%}
    {{ return(adapter.dispatch('has_match')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__has_match(text, pattern) -%}
    (strlen({{ text }}) <> length({{ text }}) and regexp_matches({{ text }}, '{{ pattern }}'))
{%- endmacro %}

{% macro spark__has_match(text, pattern) -%}
    (octet_length({{ text }}) <> length({{ text }}) and {{ text }} rlike r'{{ pattern }}')
{%- endmacro %}

{#- What was taken off an id, as column|kind|. -#}
{% macro id_reading(id) -%}
    case
        when {{ id }} like '%''%' or {{ id }} like '%"%' or {{ id }} like '%=%' or {{ id }} like '%’%' then '{{ id }}|id_quotes|'
        when {{ has_invisible(id) }} then '{{ id }}|invisible_characters|'
        when replace({{ id }}, ' ', '') <> replace({{ id }}_text, ' ', '') and length({{ id }}) = length({{ id }}_text)
            then '{{ id }}|unusual_characters|'
        else '{{ id }}|id_blanks|'
    end
{%- endmacro %}

{#- In which shape a date was written that has none of the plain forms, as column|kind|shape; null where only blanks or quotes hid it. -#}
{% macro date_reading(date) -%}
    {%- set written = 'cast(' ~ date ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    case
        when
            {{ date_form(unquoted(written)) }} <> 'other'
            or ({{ date_shape(written) }} like '9999-9%-9%' and length({{ date_shape(written) }}) <= 10)
            then null
        else concat(
            '{{ date }}|',
            case
                when {{ written }} like '% 00:00%' or {{ written }} like '%T00:00%' then 'date_midnight'
                when {{ date_shape(written) }} like '%9:99%' then 'date_time_of_day'
                when {{ date_shape(written) }} like '%Mon%' then 'date_month_word'
                when {{ date_shape(written) }} like '99999999%' then 'date_digits_only'
                else 'date_year_first'
            end,
            '|',
            translate({{ date_shape(written) }}, '|;', '  ')
        )
    end
{%- endmacro %}
