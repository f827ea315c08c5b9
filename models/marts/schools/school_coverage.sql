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

small as (
    select
        *,
        case
            when
                students < {{ suppress_below() }}
                or students_up_to_date between 1 and {{ suppress_below() }} - 1
                or students - students_up_to_date between 1 and {{ suppress_below() }} - 1
                then 1
            else 0
        end as is_small
    from counts
),

-- The unit's total is known, and with it what all withheld schools have together: small cells first, then the smallest schools.
ordered as (
    select
        *,
        sum(is_small) over (partition by phu_id, age, antigen) as small_schools,
        row_number() over (
            partition by phu_id, age, antigen
            order by is_small desc, students asc, school_id asc
        ) as place,
        sum(students) over (
            partition by phu_id, age, antigen
            order by is_small desc, students asc, school_id asc
            rows between unbounded preceding and current row
        ) as students_together,
        sum(students_up_to_date) over (
            partition by phu_id, age, antigen
            order by is_small desc, students asc, school_id asc
            rows between unbounded preceding and current row
        ) as students_up_to_date_together
    from small
),

judged as (
    select
        *,
        case
            when
                place >= 2
                and place >= small_schools
                and students_together >= {{ suppress_below() }}
                and (students_up_to_date_together = 0 or students_up_to_date_together >= {{ suppress_below() }})
                and (
                    students_together = students_up_to_date_together
                    or students_together - students_up_to_date_together >= {{ suppress_below() }}
                )
                then place
        end as enough_at
    from ordered
),

cut as (
    select
        *,
        case
            when small_schools = 0 then 0
            else coalesce(
                min(enough_at) over (partition by phu_id, age, antigen), max(place) over (partition by phu_id, age, antigen)
            )
        end as last_withheld
    from judged
),

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
