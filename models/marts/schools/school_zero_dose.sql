{{ config(alias='zero_dose') }}

with students_without_doses as (
    select * from {{ ref('int_students_without_doses') }}
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

{{ withheld_schools('students_without_doses', key=['phu_id', 'age'], cells=[
    'students_without_dose', 'students_without_dtp - students_without_dose', 'students - students_without_dtp'
]) }},

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
        cut.place <= cut.last_withheld as is_withheld,
        case when cut.place > cut.last_withheld then cut.students end as students,
        case when cut.place > cut.last_withheld then cut.students_without_dtp end as students_without_dtp,
        case when cut.place > cut.last_withheld then cut.students_without_dose end as students_without_dose,
        case when cut.place > cut.last_withheld then {{ percent('cut.students_without_dtp', 'cut.students') }} end
            as without_dtp_percent,
        case when cut.place > cut.last_withheld then {{ percent('cut.students_without_dose', 'cut.students') }} end
            as without_dose_percent
    from cut
    cross join school_year
    inner join public_health_units
        on cut.phu_id = public_health_units.phu_id
    left join schools
        on cut.school_id = schools.school_id
)

select * from final
