{{ config(alias='school_assignment') }}

with school_assignment as (
    select * from {{ ref('int_school_assignment') }}
    where kind = 'decision'
),

decisions as (
    select * from {{ ref('int_release_decisions') }}
    where column_name = 'school_assignment'
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        school_assignment.school_year,
        school_assignment.age,
        school_assignment.name as decision,
        case when decisions.withheld_reason is null then school_assignment.students end as students,
        case when decisions.withheld_reason is null then school_assignment.percent end as {{ adapter.quote('percent') }},
        case when decisions.withheld_reason is not null then 'withheld' end as withheld_reason
    from school_assignment
    inner join decisions
        on
            school_assignment.age = decisions.age
            and school_assignment.name = decisions.unit
)

select * from final
