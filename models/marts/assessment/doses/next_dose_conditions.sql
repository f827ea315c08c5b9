{#- Jinja loops: the linter reports their lines as badly indented.
-- sqlfluff:exclude_rules:references.keywords,structure.column_order,layout.indent
-#}
{{ config(materialized='view') }}

{%- set slots = slot_count() %}
with rules as (
    {{ rules_in_force(ref('dose_rules'), ref('int_school_year')) }}
),

next_doses as (
    select * from {{ ref('next_doses') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

gaps as (
    select * from {{ ref('int_interaction_gaps') }}
),

series as (
    select * from {{ ref('int_series') }}
),

days as (
    select
        client_id,
        antigen,
        schedule,
        dose_number,
        'earliest' as day,
        earliest_valid_date as administered_date,
        earliest_rule_id as rule_id
    from next_doses
    union all
    select
        client_id,
        antigen,
        schedule,
        dose_number,
        'next' as day,
        next_valid_date as administered_date,
        rule_id
    from next_doses
),

preceding as (
    select
        days.client_id,
        days.antigen,
        days.day,
        max(case when gaps.kind = 'live' then gaps.preceding_date end) as preceding_live_date,
        max(case when gaps.kind = 'polysaccharide' then gaps.preceding_date end) as preceding_polysaccharide_date
    from days
    inner join open_antigens
        on
            days.client_id = open_antigens.client_id
            and days.antigen = open_antigens.antigen
    inner join gaps
        on
            open_antigens.student_key = gaps.student_key
            and open_antigens.antigen = gaps.antigen
            and days.administered_date > gaps.preceding_date
    group by days.client_id, days.antigen, days.day
),

doses_with_history as (
    select
        days.client_id,
        days.antigen,
        days.schedule,
        days.day,
        days.administered_date,
        days.rule_id,
        open_antigens.date_of_birth,
        open_antigens.latest_dose_date,
        preceding.preceding_live_date,
        preceding.preceding_polysaccharide_date,
        {{ slot_date('days.dose_number - 1') }} as previous_dose_date,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date{{ ',' if not loop.last }}
        {%- endfor %}
    from days
    inner join open_antigens
        on
            days.client_id = open_antigens.client_id
            and days.antigen = open_antigens.antigen
    left join preceding
        on
            days.client_id = preceding.client_id
            and days.antigen = preceding.antigen
            and days.day = preceding.day
    left join series
        on
            open_antigens.student_key = series.student_key
            and days.antigen = series.antigen
            and days.schedule = series.schedule
),

final as (
    {{ conditions_listed('doses_with_history', 'rules', keys=['client_id', 'antigen', 'schedule', 'day'],
        conditions=rule_conditions()) }}
    union all
    select
        client_id,
        antigen,
        schedule,
        day,
        rule_id,
        14 as condition_number,
        'after_latest_dose' as condition,
        administered_date as subject_date,
        'from' as comparison,
        'last recorded dose of the antigen' as base,
        latest_dose_date as base_date,
        '1 day' as period,
        {{ add_period('latest_dose_date', "cast('1 day' as interval)") }} as bound_date,
        administered_date > latest_dose_date as is_met
    from doses_with_history
    where latest_dose_date is not null
)

select * from final
