-- Ages at which no count by gender is released.
with measures as (
    select * from {{ ref('int_measures') }}
    where
        geography = 'province'
        and measure in ('initiation', 'completion', 'unimmunized')
),

threshold as (
    select {{ suppress_below() }} as suppress_below
),

antigens_of_both_genders as (
    select distinct
        age,
        antigen
    from {{ ref('int_geographies_by_antigen') }}
    where gender is null
),

series_of_the_province as (
    select
        measures.age,
        measures.antigen,
        measures.gender,
        measures.students,
        max(case when measures.measure = 'initiation' then measures.students_counted end) as students_initiated,
        max(case when measures.measure = 'completion' then measures.students_counted end) as students_completed,
        max(case when measures.measure = 'unimmunized' then measures.students_counted end) as students_unimmunized
    from measures
    inner join antigens_of_both_genders
        on
            measures.age = antigens_of_both_genders.age
            and measures.antigen = antigens_of_both_genders.antigen
    group by measures.age, measures.antigen, measures.gender, measures.students
),

-- The students of the province of neither gender are a group too, although it is not printed.
genders_of_the_province as (
    select
        age,
        antigen,
        gender,
        students,
        students_initiated,
        students_completed,
        students_unimmunized
    from series_of_the_province
    where gender <> 'all'
    union all
    select
        age,
        antigen,
        'other' as gender,
        sum(case when gender = 'all' then students else -students end) as students,
        sum(case when gender = 'all' then students_initiated else -students_initiated end) as students_initiated,
        sum(case when gender = 'all' then students_completed else -students_completed end) as students_completed,
        sum(case when gender = 'all' then students_unimmunized else -students_unimmunized end) as students_unimmunized
    from series_of_the_province
    group by age, antigen
),

counts_of_genders as (
    {%- for count in [
        'students', 'students_completed', 'students - students_completed', 'students_initiated - students_completed',
        'students - students_initiated', 'students_unimmunized', 'students - students_initiated - students_unimmunized'
    ] %}
    select
        age,
        abs({{ count }}) as counted
    from genders_of_the_province
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

ages as (
    select counts_of_genders.age
    from counts_of_genders
    cross join threshold
    where
        counts_of_genders.counted > 0
        and counts_of_genders.counted < threshold.suppress_below
    union all
    select age
    from {{ ref('release_columns_withheld') }}
    where column_name = 'genders'
),

final as (
    select distinct age
    from ages
)

select * from final
