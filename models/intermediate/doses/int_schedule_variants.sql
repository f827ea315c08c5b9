with two_dose_schedules as (
    select
        student_key,
        'hepatitis_b' as antigen,
        variant
    from {{ ref('int_hepatitis_b__two_dose_schedules') }}
),

hpv_by_gender as (
    select
        student_key,
        'hpv' as antigen,
        case when gender = 'M' then 'male' else 'female' end as variant
    from {{ ref('int_students') }}
),

final as (
    select * from two_dose_schedules
    union all
    select * from hpv_by_gender
)

select * from final
