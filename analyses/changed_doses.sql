-- Doses whose verdict differs between two builds, and doses that only one of them has: the effect of a changed rule by dose.
-- icw compare doses --with earlier.duckdb
with built as (
    {%- for build, doses in [('now', ref('doses')), ('before', 'earlier.assessment.doses')] %}
    select
        '{{ build }}' as build,
        client_id,
        antigen,
        schedule,
        immunization_id,
        administered_date,
        dose_number,
        reason,
        rule_id,
        -- Doses without an id are identified by date and agent.
        case when immunization_id is null then administered_date end as date_without_id,
        case when immunization_id is null then agent end as agent_without_id
    from {{ doses }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- Among identical doses, the valid one comes first in both builds.
numbered as (
    select
        *,
        row_number() over (
            partition by build, client_id, antigen, schedule, immunization_id, date_without_id, agent_without_id
            order by case when dose_number is null then 1 else 0 end, reason, rule_id
        ) as record_number
    from built
),

compared as (
    select
        client_id,
        antigen,
        schedule,
        immunization_id,
        coalesce(
            max(case when build = 'now' then administered_date end), max(administered_date)
        ) as administered_date,
        max(case when build = 'before' then dose_number end) as dose_number_before,
        max(case when build = 'now' then dose_number end) as dose_number_now,
        max(case when build = 'before' then reason end) as reason_before,
        max(case when build = 'now' then reason end) as reason_now,
        max(case when build = 'before' then rule_id end) as rule_before,
        max(case when build = 'now' then rule_id end) as rule_now
    from numbered
    group by client_id, antigen, schedule, immunization_id, date_without_id, agent_without_id, record_number
),

final as (
    select *
    from compared
    where
        coalesce(dose_number_before, 0) <> coalesce(dose_number_now, 0)
        or coalesce(reason_before, '') <> coalesce(reason_now, '')
)

select * from final
order by client_id, antigen, schedule, administered_date, immunization_id nulls last
