{#-
    The students of a split of this build add up to the cohort of `coverage`, and those it calls up to date to the students up to
    date. A split of some cohorts only names a table that has a row for each of these.
-#}
{% test adds_up_to_the_cohort(model, up_to_date, cohorts_of=none) %}
with split as (
    select
        school_year,
        geography,
        coalesce(phu_id, '') as phu_id,
        age,
        antigen,
        sum(students) as students,
        sum(case when {{ up_to_date }} then students else 0 end) as students_up_to_date
    from {{ model }}
    where {{ is_of_this_build() }}
    group by school_year, geography, coalesce(phu_id, ''), age, antigen
),

cohorts as (
    select
        coverage.school_year,
        coverage.geography,
        coalesce(coverage.phu_id, '') as phu_id,
        coverage.age,
        coverage.antigen,
        coverage.students,
        coverage.students_up_to_date
    from (select * from {{ ref('coverage') }} where {{ is_of_this_build() }}) as coverage
    {%- if cohorts_of %}
    inner join (select distinct age, antigen from {{ cohorts_of }} where {{ is_of_this_build() }}) as of_the_split
        on
            coverage.age = of_the_split.age
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
        and cohorts.geography = split.geography
        and cohorts.phu_id = split.phu_id
        and cohorts.age = split.age
        and cohorts.antigen = split.antigen
where
    coalesce(split.students <> cohorts.students, true)
    or split.students_up_to_date <> cohorts.students_up_to_date
{% endtest %}
