{{ config(alias='coverage') }}

with students_by_status as (
    select * from {{ ref('int_students_by_status') }}
),

public_health_units as (
    select distinct
        phu_id,
        phu_name
    from {{ ref('int_public_health_units') }}
),

schools as (
    select * from {{ ref('stg_panorama__schools') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

counts as (
    select
        phu_id,
        school_id,
        age,
        antigen,
        sum(students) as students,
        sum(case when status = 'up_to_date' then students else 0 end) as students_up_to_date
    from students_by_status
    group by phu_id, school_id, age, antigen
),

{{ withheld_schools(
    'counts', key=['phu_id', 'age', 'antigen'], cells=['students_up_to_date', 'students - students_up_to_date']
) }},

final as (
    select
        {{ build_id() }} as build_id,
        school_year.school_year,
        cut.phu_id,
        public_health_units.phu_name,
        cut.school_id,
        schools.school_name,
        schools.school_type,
        schools.school_board,
        cut.age,
        cut.antigen,
        cut.place <= cut.last_withheld as is_withheld,
        case when cut.place > cut.last_withheld then cast(cut.students as bigint) end as students,
        case when cut.place > cut.last_withheld then cast(cut.students_up_to_date as bigint) end as students_up_to_date,
        case when cut.place > cut.last_withheld then {{ percent('cut.students_up_to_date', 'cut.students') }} end
            as coverage_percent
    from cut
    cross join school_year
    inner join public_health_units
        on cut.phu_id = public_health_units.phu_id
    left join schools
        on cut.school_id = schools.school_id
)

select * from final
