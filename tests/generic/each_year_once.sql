{#- No school year for which two rows of a rule table with the same key hold. -#}
{% test each_year_once(model, key) %}
with ordered as (
    select
        {{ key | join(', ') }},
        coalesce(school_year_from, 0) as year_from,
        lag(coalesce(school_year_before, 9999)) over (
            partition by {{ key | join(', ') }} order by coalesce(school_year_from, 0)
        ) as previous_year_before
    from {{ model }}
)

select
    {{ key | join(', ') }},
    'has two rows for the same school year: school_year_before of one is after school_year_from of the other'
        as problem
from ordered
where year_from < previous_year_before
{% endtest %}
