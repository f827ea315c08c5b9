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

counts_by_phu as (
    select
        phu_id,
        age,
        antigen,
        status,
        refusal_reason,
        sum(students) as students
    from students_by_status
    group by phu_id, age, antigen, status, refusal_reason
),

counts as (
    select
        frame.school_year,
        frame.geography,
        frame.phu_id,
        frame.phu_name,
        frame.age,
        frame.antigen,
        statuses.sort_order,
        statuses.status,
        statuses.refusal_reason,
        -- Where the annex counts no exemptions nobody looked for them: missing, not zero.
        case
            when frame.is_exemption_applicable or statuses.status not in ('exempt_medical', 'exempt_nonmedical')
                then cast(coalesce(sum(counts_by_phu.students), 0) as bigint)
        end as students
    from frame
    cross join statuses
    left join counts_by_phu
        on
            frame.age = counts_by_phu.age
            and frame.antigen = counts_by_phu.antigen
            and statuses.status = counts_by_phu.status
            and statuses.refusal_reason = counts_by_phu.refusal_reason
            and (frame.geography = 'province' or frame.phu_id = counts_by_phu.phu_id)
    group by
        frame.school_year, frame.geography, frame.phu_id, frame.phu_name, frame.age, frame.antigen,
        frame.is_exemption_applicable, statuses.sort_order, statuses.status, statuses.refusal_reason
),

with_cohort as (
    select
        *,
        sum(students) over (partition by geography, phu_id, age, antigen) as cohort
    from counts
),

final as (
    select
        {{ build_id() }} as build_id,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        status,
        case when status = 'doses_refused' then refusal_reason end as refusal_reason,
        sort_order,
        students,
        {{ percent('students', 'cohort') }} as students_percent
    from with_cohort
)

select * from final
