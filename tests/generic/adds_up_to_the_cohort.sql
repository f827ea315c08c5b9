{#- The students of a split add up to the cohort of `coverage`, and those it calls up to date to the students up to date. -#}
{% test adds_up_to_the_cohort(model, up_to_date) %}
with split as (
    select
        geography,
        coalesce(phu_id, '') as phu_id,
        age,
        antigen,
        sum(students) as students,
        sum(case when {{ up_to_date }} then students else 0 end) as students_up_to_date
    from {{ model }}
    group by geography, coalesce(phu_id, ''), age, antigen
)

select split.*
from split
left join {{ ref('coverage') }} as coverage
    on
        split.geography = coverage.geography
        and split.phu_id = coalesce(coverage.phu_id, '')
        and split.age = coverage.age
        and split.antigen = coverage.antigen
where
    coalesce(split.students <> coverage.students, true)
    or split.students_up_to_date <> coverage.students_up_to_date
{% endtest %}
