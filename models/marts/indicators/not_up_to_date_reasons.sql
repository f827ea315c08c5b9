{%- set statuses = [
    'up_to_date', 'exempt_not_counted', 'exempt_medical', 'exempt_nonmedical', 'no_record', 'no_dose', 'series_incomplete',
    'doses_refused'
] -%}
with frame as (
    select * from {{ ref('int_geographies_by_antigen') }}
),

reasons as (
    select * from {{ ref('refusal_reasons') }}
    where is_about_the_date
),

students_by_status as (
    select * from {{ ref('int_students_by_status') }}
),

statuses as (
    {%- for status in statuses if status != 'doses_refused' %}
    select
        {{ loop.index }} as sort_order,
        '{{ status }}' as status,
        'none' as refusal_reason
    union all
    {%- endfor %}
    select
        {{ statuses | length }} + sort_order as sort_order,
        'doses_refused' as status,
        reason as refusal_reason
    from reasons
),

frame_by_status as (
    select
        frame.*,
        statuses.sort_order,
        statuses.status,
        statuses.refusal_reason
    from frame
    cross join statuses
),

counts as (
    {{ rolled_up(
        'students_by_status', units=ref('int_geography_units'), frame='frame_by_status',
        by=['age', 'antigen', 'status', 'refusal_reason'], sums=['students']
    ) }}
),

-- Where the annex counts no exemptions they are unknown: null, not zero.
counts_looked_for as (
    select
        *,
        case
            when is_exemption_applicable or status not in ('exempt_medical', 'exempt_nonmedical') then students
        end as students_looked_for
    from counts
),

with_cohort as (
    select
        *,
        sum(students_looked_for) over (partition by geography, phu_id, age, antigen) as cohort
    from counts_looked_for
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
        status,
        case when status = 'doses_refused' then refusal_reason end as refusal_reason,
        sort_order,
        students_looked_for as students,
        {{ percent('students_looked_for', 'cohort') }} as students_percent
    from with_cohort
)

select * from final
