-- A cell is one count of one unit. Two counts released before it bound it: the floor (0 where there is none) and the ceiling.
-- Differencing reveals its distance from each.
with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

ages as (
    select distinct age
    from frame
),

-- What is released: the province and its public health units, no other grouping of them.
measures as (
    select
        *,
        coalesce(phu_id, 'province') as unit
    from {{ ref('int_measures') }}
    where
        geography in ('province', 'phu')
        and gender = 'all'
),

coverage as (
    select
        *,
        students_counted as students_up_to_date
    from measures
    where measure = 'coverage'
),

coverage_all_ispa as (
    select
        *,
        students_counted as students_up_to_date
    from measures
    where measure = 'coverage_all_ispa'
),

series_uptake as (
    select
        age,
        antigen,
        unit,
        students,
        max(case when measure = 'initiation' then students_counted end) as students_initiated,
        max(case when measure = 'completion' then students_counted end) as students_completed,
        max(case when measure = 'unimmunized' then students_counted end) as students_unimmunized
    from measures
    where measure in ('initiation', 'completion', 'unimmunized')
    group by age, antigen, unit, students
),

-- Of an age without an antigen in the year no number of students is released, which the decisions would add up to.
school_assignment as (
    select decisions.*
    from {{ ref('int_school_assignment') }} as decisions
    inner join ages
        on decisions.age = ages.age
    where decisions.kind = 'decision'
),

antigens as (
    select distinct
        age,
        antigen,
        is_in_all_ispa_coverage,
        gender is not null as is_of_one_gender
    from frame
),

-- Every age of the frame has an antigen that is assessed for all of its students: the largest denominator is the cohort.
students as (
    select
        age,
        unit,
        max(students) as students
    from coverage
    group by age, unit
),

student_cells as (
    select
        age,
        'students' as column_name,
        cast(null as {{ dbt.type_string() }}) as parent_name,
        unit,
        students as counted,
        cast(0 as bigint) as floor_count,
        cast(null as bigint) as ceiling_count,
        cast(null as bigint) as covering_count
    from students
),

-- Students of the only gender that an antigen is assessed for, as part of the cohort.
eligible_cells as (
    select
        coverage.age,
        concat('students/', coverage.antigen) as column_name,
        'students' as parent_name,
        coverage.unit,
        coverage.students as counted,
        cast(0 as bigint) as floor_count,
        students.students as ceiling_count,
        cast(null as bigint) as covering_count
    from coverage
    inner join antigens
        on
            coverage.age = antigens.age
            and coverage.antigen = antigens.antigen
            and antigens.is_of_one_gender
    inner join students
        on
            coverage.age = students.age
            and coverage.unit = students.unit
),

all_ispa_cells as (
    select
        age,
        'coverage_all_ispa' as column_name,
        'students' as parent_name,
        unit,
        students_up_to_date as counted,
        cast(0 as bigint) as floor_count,
        students as ceiling_count,
        cast(null as bigint) as covering_count
    from coverage_all_ispa
),

-- Up to date for all means up to date for each; not up to date for all means lacking at least one.
coverage_cells as (
    select
        coverage.age,
        concat('coverage/', coverage.antigen) as column_name,
        case
            when antigens.is_in_all_ispa_coverage then 'coverage_all_ispa'
            when antigens.is_of_one_gender then concat('students/', coverage.antigen)
            else 'students'
        end as parent_name,
        coverage.unit,
        coverage.students_up_to_date as counted,
        case
            when antigens.is_in_all_ispa_coverage then coverage_all_ispa.students_up_to_date else 0
        end as floor_count,
        coverage.students as ceiling_count,
        case
            when antigens.is_in_all_ispa_coverage then coverage.students - coverage.students_up_to_date
        end as covering_count
    from coverage
    inner join antigens
        on
            coverage.age = antigens.age
            and coverage.antigen = antigens.antigen
    left join coverage_all_ispa
        on
            coverage.age = coverage_all_ispa.age
            and coverage.unit = coverage_all_ispa.unit
),

initiation_cells as (
    select
        age,
        concat('initiation/', antigen) as column_name,
        concat('coverage/', antigen) as parent_name,
        unit,
        students_initiated as counted,
        students_completed as floor_count,
        students as ceiling_count,
        cast(null as bigint) as covering_count
    from series_uptake
),

-- Students neither initiated nor unimmunized have only invalid doses.
unimmunized_cells as (
    select
        age,
        concat('unimmunized/', antigen) as column_name,
        concat('initiation/', antigen) as parent_name,
        unit,
        students_unimmunized as counted,
        cast(0 as bigint) as floor_count,
        students - students_initiated as ceiling_count,
        cast(null as bigint) as covering_count
    from series_uptake
),

{%- for measure in ['medical_exemption', 'nonmedical_exemption'] %}

{{ measure }}_any_cells as (
    select
        age,
        measure as column_name,
        'students' as parent_name,
        unit,
        students_counted as counted,
        cast(0 as bigint) as floor_count,
        students as ceiling_count,
        cast(null as bigint) as covering_count
    from measures
    where measure = '{{ measure }}_any_ispa'
),

-- Exempt from an antigen means exempt from any; exempt from any means exempt from at least one.
{{ measure }}_cells as (
    select
        exemptions.age,
        concat('{{ measure }}/', exemptions.antigen) as column_name,
        coalesce(exemptions_any_ispa.column_name, 'students') as parent_name,
        exemptions.unit,
        exemptions.students_counted as counted,
        cast(0 as bigint) as floor_count,
        coalesce(exemptions_any_ispa.counted, exemptions.students) as ceiling_count,
        case when exemptions_any_ispa.unit is not null then exemptions.students_counted end as covering_count
    from measures as exemptions
    left join {{ measure }}_any_cells as exemptions_any_ispa
        on
            exemptions.age = exemptions_any_ispa.age
            and exemptions.unit = exemptions_any_ispa.unit
    where exemptions.measure = '{{ measure }}'
),
{%- endfor %}

-- The decisions of an age add up to its students, as the units do.
assignment_cells as (
    select
        age,
        'school_assignment' as column_name,
        cast(null as {{ dbt.type_string() }}) as parent_name,
        name as unit,
        students as counted,
        cast(0 as bigint) as floor_count,
        cast(null as bigint) as ceiling_count,
        cast(null as bigint) as covering_count
    from school_assignment
    union all
    select
        age,
        'school_assignment' as column_name,
        cast(null as {{ dbt.type_string() }}) as parent_name,
        unit,
        students as counted,
        cast(0 as bigint) as floor_count,
        cast(null as bigint) as ceiling_count,
        cast(null as bigint) as covering_count
    from students
    where unit = 'province'
),

cells as (
    select * from student_cells
    union all
    select * from eligible_cells
    union all
    select * from all_ispa_cells
    union all
    select * from coverage_cells
    union all
    select * from initiation_cells
    union all
    select * from unimmunized_cells
    union all
    select * from medical_exemption_any_cells
    union all
    select * from medical_exemption_cells
    union all
    select * from nonmedical_exemption_any_cells
    union all
    select * from nonmedical_exemption_cells
    union all
    select * from assignment_cells
),

columns as (
    select distinct
        age,
        column_name,
        parent_name
    from cells
),

levels as (
    select
        columns_0.age,
        columns_0.column_name,
        case
            when columns_0.parent_name is null then 0
            when columns_1.parent_name is null then 1
            when columns_2.parent_name is null then 2
            when columns_3.parent_name is null then 3
            else 4
        end as release_level
    from columns as columns_0
    left join columns as columns_1
        on
            columns_0.age = columns_1.age
            and columns_0.parent_name = columns_1.column_name
    left join columns as columns_2
        on
            columns_1.age = columns_2.age
            and columns_1.parent_name = columns_2.column_name
    left join columns as columns_3
        on
            columns_2.age = columns_3.age
            and columns_2.parent_name = columns_3.column_name
),

final as (
    select
        cells.age,
        cells.column_name,
        levels.release_level,
        cells.parent_name,
        cells.unit,
        cells.counted,
        cells.floor_count,
        cells.ceiling_count,
        cells.counted - cells.floor_count as above_floor,
        cells.ceiling_count - cells.counted as below_ceiling,
        -- Each student not up to date for all (or exempt from any) is counted for at least one antigen.
        cells.covering_count,
        case when cells.unit = 'single_record' then 1 else students.students end as unit_students
    from cells
    inner join levels
        on
            cells.age = levels.age
            and cells.column_name = levels.column_name
    left join students
        on
            cells.age = students.age
            and cells.unit = students.unit
)

select * from final
