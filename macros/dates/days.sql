{#- Days since 1 January 1970, for frames and differences counted in days. -#}
{% macro day_number(date) -%}
    {{ return(adapter.dispatch('day_number')(date)) }}
{%- endmacro %}

{% macro duckdb__day_number(date) -%}
    cast({{ date }} - date '1970-01-01' as int)
{%- endmacro %}

{#- Completed months of age on a day: a birthday plus n months is the last day of the month where that is shorter. -#}
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
