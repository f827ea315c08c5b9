with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
    where is_exemption_applicable
),

students as (
    select * from {{ ref('int_students') }}
),

coverage as (
    select * from {{ ref('coverage') }}
    where {{ is_of_this_build() }}
),

student_antigens as (
    select * from {{ ref('int_student_antigens') }}
),

exempt_students as (
    select
        student_key,
        antigen,
        case
            when has_medical_exemption and has_nonmedical_exemption then 'medical_and_nonmedical'
            when has_medical_exemption then 'medical'
            else 'nonmedical'
        end as exemption
    from {{ ref('int_student_exemptions') }}
    where has_medical_exemption or has_nonmedical_exemption
),

cells as (
    {%- for exemption in ['none', 'medical', 'nonmedical', 'medical_and_nonmedical'] %}
    {%- set last_exemption = loop.last %}
    {%- for is_up_to_date in ['true', 'false'] %}
    select
        '{{ exemption }}' as exemption,
        {{ is_up_to_date }} as is_up_to_date
    {%- if not (last_exemption and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

exempt_counts as (
    select
        students.phu_id,
        student_antigens.age,
        student_antigens.antigen,
        exempt_students.exemption,
        student_antigens.is_up_to_date,
        count(*) as students
    from exempt_students
    inner join student_antigens
        on
            exempt_students.student_key = student_antigens.student_key
            and exempt_students.antigen = student_antigens.antigen
    inner join students
        on exempt_students.student_key = students.student_key
    group by
        students.phu_id, student_antigens.age, student_antigens.antigen, exempt_students.exemption,
        student_antigens.is_up_to_date
),

frame_by_cell as (
    select
        frame.*,
        cells.exemption,
        cells.is_up_to_date
    from frame
    cross join cells
),

counts as (
    {{ rolled_up(
        'exempt_counts', units=ref('int_geography_units'), frame='frame_by_cell',
        by=['age', 'antigen', 'exemption', 'is_up_to_date'], sums=['students']
    ) }}
),

-- Students without an exemption are the rest of the cohort.
with_rest as (
    select
        counts.*,
        coverage.students as cohort,
        case when counts.is_up_to_date then coverage.students_up_to_date else coverage.students - coverage.students_up_to_date end
        - sum(counts.students) over (
            partition by counts.geography, counts.phu_id, counts.age, counts.antigen, counts.is_up_to_date
        ) as students_not_exempt
    from counts
    inner join coverage
        on
            counts.geography = coverage.geography
            and coalesce(counts.phu_id, '') = coalesce(coverage.phu_id, '')
            and counts.age = coverage.age
            and counts.antigen = coverage.antigen
),

completed as (
    select
        *,
        cast(case when exemption = 'none' then students_not_exempt else students end as bigint) as students_in_cell
    from with_rest
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        exemption,
        is_up_to_date,
        students_in_cell as students,
        {{ percent('students_in_cell', 'cohort') }} as students_percent
    from completed
)

select * from final
