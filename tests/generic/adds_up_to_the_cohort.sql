{#-
    The students of a split add up to the cohort of `coverage`, and those it calls up to date to the students up to date. A split of
    some cohorts only names a table that has a row for each of these.
-#}
{% test adds_up_to_the_cohort(model, up_to_date, cohorts_of=none) %}
with split as (
    select
        school_year,
        definitions,
        geography,
        coalesce(phu_id, '') as phu_id,
        age,
        antigen,
        sum(students) as students,
        sum(case when {{ up_to_date }} then students else 0 end) as students_up_to_date
    from {{ model }}
    group by school_year, definitions, geography, coalesce(phu_id, ''), age, antigen
),

cohorts as (
    select
        coverage.school_year,
        coverage.definitions,
        coverage.geography,
        coalesce(coverage.phu_id, '') as phu_id,
        coverage.age,
        coverage.antigen,
        coverage.students,
        coverage.students_up_to_date
    from {{ ref('coverage') }} as coverage
    {%- if cohorts_of %}
    inner join (select distinct school_year, definitions, age, antigen from {{ cohorts_of }}) as of_the_split
        on
            coverage.school_year = of_the_split.school_year
            and coverage.definitions = of_the_split.definitions
            and coverage.age = of_the_split.age
            and coverage.antigen = of_the_split.antigen
    {%- endif %}
)

select
    cohorts.*,
    split.students as students_of_split
from cohorts
full join split
    on
        cohorts.school_year = split.school_year
        and cohorts.definitions = split.definitions
        and cohorts.geography = split.geography
        and cohorts.phu_id = split.phu_id
        and cohorts.age = split.age
        and cohorts.antigen = split.antigen
where
    coalesce(split.students <> cohorts.students, true)
    or split.students_up_to_date <> cohorts.students_up_to_date
{% endtest %}
