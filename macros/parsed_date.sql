{#-
    A date in one of the three shapes of an extract: 2013-08-20, 2013 AUG 20 and Aug 20, 2013 (a midnight after an ISO date
    is let pass: Parquet exports write it). Null for anything else, the year 0 too; day-first and month-first dates are never guessed.
-#}
{% macro parsed_date(text) -%}
    {{ return(adapter.dispatch('parsed_date')(text)) }}
{%- endmacro %}

{% macro duckdb__parsed_date(text) -%}
    {%- set written = 'cast(' ~ text ~ ' as varchar)' -%}
    {%- set value = trimmed(written) -%}
    coalesce(
        -- Nearly every date, told without a regular expression. DuckDB's cast alone would read 2013-08-2x as the second.
        case
            when
                typeof({{ text }}) = 'DATE'
                or ({{ written }} >= '0001' and {{ written }} glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]')
                then try_cast({{ text }} as date)
        end,
        cast(
            case
                when {{ value }} like '0000%' or {{ value }} like '%, 0000' then null
                when regexp_full_match({{ value }}, '\d{4}-\d{1,2}-\d{1,2}([ T]00:00(:00(\.0+)?)?)?')
                    then try_strptime(regexp_extract({{ value }}, '^[0-9-]+'), '%Y-%m-%d')
                when regexp_full_match({{ value }}, '\d{4} [A-Za-z]{3} \d{1,2}') then try_strptime({{ value }}, '%Y %b %d')
                when regexp_full_match({{ value }}, '[A-Za-z]{3} \d{1,2}, \d{4}') then try_strptime({{ value }}, '%b %d, %Y')
            end as date
        )
    )
{%- endmacro %}

{% macro spark__parsed_date(text) -%}
    {%- set value = trimmed('cast(' ~ text ~ ' as string)') -%}
    case
        when typeof({{ text }}) = 'date' then try_cast({{ text }} as date)
        when {{ value }} like '0000%' or {{ value }} like '%, 0000' then null
        when {{ value }} rlike r'^\d{4}-\d{1,2}-\d{1,2}([ T]00:00(:00(\.0+)?)?)?\z'
            then try_to_date(regexp_extract({{ value }}, '^[0-9-]+', 0), 'yyyy-M-d')
        when {{ value }} rlike r'^\d{4} [A-Za-z]{3} \d{1,2}\z' then try_to_date({{ value }}, 'yyyy MMM d')
        when {{ value }} rlike r'^[A-Za-z]{3} \d{1,2}, \d{4}\z' then try_to_date({{ value }}, 'MMM d, yyyy')
    end
{%- endmacro %}
