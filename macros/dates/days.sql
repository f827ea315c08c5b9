{#- Days since 1 January 1970, for frames and differences counted in days. -#}
{% macro day_number(date) -%}
    {{ return(adapter.dispatch('day_number')(date)) }}
{%- endmacro %}

{% macro duckdb__day_number(date) -%}
    cast({{ date }} - date '1970-01-01' as int)
{%- endmacro %}

{#- Age in completed months on a day: in a shorter month, a month of age is completed on its last day. -#}
{% macro age_in_months(birth, day) -%}
    (
        12 * (extract(year from {{ day }}) - extract(year from {{ birth }}))
        + extract(month from {{ day }}) - extract(month from {{ birth }})
        - case
            when extract(day from {{ day }}) < extract(day from {{ birth }}) and {{ day }} < last_day({{ day }}) then 1
            else 0
        end
    )
{%- endmacro %}

{#- A date plus a period: calendar months and years; 29 February plus a year is 28 February. -#}
{% macro add_period(date, period) -%}
    cast({{ date }} + {{ period }} as date)
{%- endmacro %}

{#-
    The date on which a person reaches an age of `recommended_ages`: a period after birth, or for `grade 7` 1 September of the year of
    the 12th birthday, for `grade 8` of the 13th, and so on.
-#}
{% macro day_of_age(birth, age) -%}
    case
        when {{ age }} like 'grade %'
            then make_date(cast(extract(year from {{ birth }}) as int) + 5 + cast(replace({{ age }}, 'grade ', '') as int), 9, 1)
        else {{ add_period(birth, "cast(case when " ~ age ~ " not like 'grade %' then " ~ age ~ " end as interval)") }}
    end
{%- endmacro %}
