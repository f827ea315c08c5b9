{#- Completed calendar months from a birth to a later day. -#}
{% macro age_in_months(birth, day) -%}
    (
        12 * (extract(year from {{ day }}) - extract(year from {{ birth }}))
        + extract(month from {{ day }}) - extract(month from {{ birth }})
        - case when extract(day from {{ day }}) < extract(day from {{ birth }}) then 1 else 0 end
    )
{%- endmacro %}
