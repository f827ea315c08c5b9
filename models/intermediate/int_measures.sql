{#- Measure: condition on the frame, whether it is by antigen, and whether it is also counted by gender. -#}
{%- set measures = {
    'coverage': ['true', true, false],
    'completion': ['has_series_uptake', true, true],
    'initiation': ['has_series_uptake', true, true],
    'unimmunized': ['has_series_uptake', true, true],
    'coverage_all_ispa': ['is_in_all_ispa_coverage', false, false],
    'medical_exemption': ['is_exemption_applicable', true, false],
    'nonmedical_exemption': ['is_exemption_applicable', true, false],
    'medical_exemption_any_ispa': ['is_in_all_ispa_coverage', false, false],
    'nonmedical_exemption_any_ispa': ['is_in_all_ispa_coverage', false, false]
} -%}
{#- CTEs of counts and their measures. -#}
{%- set sources = {
    'doses': ['coverage', 'completion', 'initiation', 'unimmunized'],
    'doses_for_all_ispa': ['coverage_all_ispa'],
    'exemptions': ['medical_exemption', 'nonmedical_exemption'],
    'exemptions_any_ispa': ['medical_exemption_any_ispa', 'nonmedical_exemption_any_ispa']
} -%}
with geographies as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

students as (
    select * from {{ ref('int_students') }}
),

student_antigens as (
    select * from {{ ref('int_student_antigens') }}
),

student_exemptions as (
    select * from {{ ref('int_student_exemptions') }}
),

ispa_antigens as (
    select distinct
        age,
        antigen
    from geographies
    where is_in_all_ispa_coverage
),

doses as (
    select
        students.phu_id,
        students.gender,
        student_antigens.age,
        student_antigens.antigen,
        count(*) as students,
        sum(case when student_antigens.is_up_to_date then 1 else 0 end) as coverage,
        sum(case when student_antigens.is_up_to_date then 1 else 0 end) as completion,
        sum(case when student_antigens.has_valid_dose then 1 else 0 end) as initiation,
        sum(case when student_antigens.has_any_dose then 0 else 1 end) as unimmunized
    from student_antigens
    inner join students
        on student_antigens.student_key = students.student_key
    group by students.phu_id, students.gender, student_antigens.age, student_antigens.antigen
),

exemptions as (
    select
        students.phu_id,
        students.gender,
        student_exemptions.age,
        student_exemptions.antigen,
        count(*) as students,
        sum(case when student_exemptions.has_medical_exemption then 1 else 0 end) as medical_exemption,
        sum(case when student_exemptions.has_nonmedical_exemption then 1 else 0 end) as nonmedical_exemption
    from student_exemptions
    inner join students
        on student_exemptions.student_key = students.student_key
    group by students.phu_id, students.gender, student_exemptions.age, student_exemptions.antigen
),

students_for_all_ispa as (
    select
        student_antigens.student_key,
        student_antigens.age,
        min(case when student_antigens.is_up_to_date then 1 else 0 end) as is_up_to_date
    from student_antigens
    inner join ispa_antigens
        on
            student_antigens.age = ispa_antigens.age
            and student_antigens.antigen = ispa_antigens.antigen
    group by student_antigens.student_key, student_antigens.age
),

doses_for_all_ispa as (
    select
        students.phu_id,
        students.gender,
        students_for_all_ispa.age,
        'all' as antigen,
        count(*) as students,
        sum(students_for_all_ispa.is_up_to_date) as coverage_all_ispa
    from students_for_all_ispa
    inner join students
        on students_for_all_ispa.student_key = students.student_key
    group by students.phu_id, students.gender, students_for_all_ispa.age
),

students_exempt_for_any as (
    select
        student_key,
        age,
        max(case when has_medical_exemption then 1 else 0 end) as is_medical,
        max(case when has_nonmedical_exemption then 1 else 0 end) as is_nonmedical
    from student_exemptions
    group by student_key, age
),

-- The annex gives exemptions to any ISPA disease at the ages of its all-ISPA coverage.
exemptions_any_ispa as (
    select
        students.phu_id,
        students.gender,
        students_exempt_for_any.age,
        'all' as antigen,
        count(*) as students,
        sum(students_exempt_for_any.is_medical) as medical_exemption_any_ispa,
        sum(students_exempt_for_any.is_nonmedical) as nonmedical_exemption_any_ispa
    from students_exempt_for_any
    inner join students
        on students_exempt_for_any.student_key = students.student_key
    group by students.phu_id, students.gender, students_exempt_for_any.age
),

by_unit as (
    {%- for source, names in sources.items() %}
    {%- set rows = [] %}
    {%- for name in names %}
    {%- do rows.append(['true', "'" ~ name ~ "'", name]) %}
    {%- endfor %}
    {{ unpivoted(
        source, keys=['phu_id', 'gender', 'age', 'antigen', 'students'], columns=['measure', 'students_counted'], rows=rows
    ) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

by_unit_and_gender as (
    select
        phu_id,
        age,
        antigen,
        measure,
        'all' as gender,
        students,
        students_counted
    from by_unit
    union all
    select
        phu_id,
        age,
        antigen,
        measure,
        gender,
        students,
        students_counted
    from by_unit
    where gender in ('F', 'M')
),

genders as (
    select 'all' as gender
    union all
    select 'F' as gender
    union all
    select 'M' as gender
),

frame as (
    {%- for measure, (has_row, is_of_one_antigen, is_by_gender) in measures.items() %}
    select distinct
        geographies.school_year,
        geographies.geography,
        geographies.phu_id,
        geographies.phu_name,
        geographies.age,
        {{ 'geographies.antigen' if is_of_one_antigen else "'all' as antigen" }},
        '{{ measure }}' as measure,
        genders.gender
    from geographies
    cross join genders
    where
        {{ has_row }}
        {%- if is_by_gender %}
        and (geographies.gender is null or genders.gender in ('all', geographies.gender))
        {%- else %}
        and genders.gender = 'all'
        {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

counts as (
    {{ rolled_up(
        'by_unit_and_gender', units=ref('int_geography_units'), frame='frame', by=['age', 'antigen', 'measure', 'gender'],
        sums=['students', 'students_counted']
    ) }}
),

final as (
    select
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        nullif(antigen, 'all') as antigen,
        measure,
        gender,
        students,
        students_counted
    from counts
)

select * from final
