with ages as (
    select distinct
        school_year,
        geography,
        phu_id,
        phu_name,
        age
    from {{ ref('int_geographies_by_antigen') }}
),

students_without_doses as (
    select * from {{ ref('int_students_without_doses') }}
),

counts as (
    {{ rolled_up(
        'students_without_doses', units=ref('int_geography_units'), frame='ages', by=['age'],
        sums=['students', 'students_without_dtp', 'students_without_dose']
    ) }}
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        *,
        {{ percent('students_without_dtp', 'students') }} as without_dtp_percent,
        {{ percent('students_without_dose', 'students') }} as without_dose_percent
    from counts
)

select * from final
