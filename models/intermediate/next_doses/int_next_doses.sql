{%- set slots = slot_count() -%}
with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

gaps as (
    select * from {{ ref('int_interaction_gaps') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

schedules_planned as (
    select schedules_planned.*
    from {{ ref('int_schedules_planned') }} as schedules_planned
    cross join {{ ref('int_school_year') }} as school_year
    where schedules_planned.planned_from = {{ as_of() }}
),

series as (
    select * from {{ ref('int_series') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by student_key, antigen
            order by doses_needed asc, last_dose_date asc, criterion_number asc
        ) as place
    from schedules_planned
),

cheapest as (
    select * from ranked
    where place = 1
),

-- The same slot from whatever day: since when the dose is missing.
slots_wanted as (
    select
        open_antigens.student_key,
        open_antigens.antigen,
        open_antigens.variant,
        open_antigens.date_of_birth,
        {{ add_period('open_antigens.latest_dose_date', "cast('1 day' as interval)") }} as not_before,
        cheapest.schedule,
        open_antigens.agent_label,
        open_antigens.is_live,
        series.first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        cheapest.next_dose_number
    from open_antigens
    inner join cheapest
        on
            open_antigens.student_key = cheapest.student_key
            and open_antigens.antigen = cheapest.antigen
    left join series
        on
            cheapest.student_key = series.student_key
            and cheapest.antigen = series.antigen
            and cheapest.schedule = series.schedule
),

earliest_days as (
    select
        student_key,
        antigen,
        min(administered_date) as administered_date,
        {{ first_by('rule_id', ['administered_date', 'rule_id']) }} as rule_id
    from (
        {{ doses_tried('rules', 'series.next_dose_number', series='slots_wanted', gaps='gaps') | indent(8) }}
    ) as tried
    where is_met
    group by student_key, antigen
),

final as (
    select
        open_antigens.student_key,
        open_antigens.client_id,
        open_antigens.date_of_birth,
        open_antigens.age,
        open_antigens.antigen,
        case
            when
                open_antigens.antigen = 'hepatitis_b'
                and cheapest.schedule = 'two_dose'
                and coalesce(
                    open_antigens.latest_dose_date
                    < {{ add_period('open_antigens.date_of_birth', "cast('11 years' as interval)") }},
                    true
                )
                then 'undecided'
            else open_antigens.variant
        end as product_variant,
        cast({{ as_of() }} as date) as as_of,
        coalesce(open_antigens.latest_dose_date >= {{ as_of() }}, false) as has_later_dose,
        cheapest.criterion,
        cheapest.schedule,
        cast(cheapest.doses_needed as int) as doses_needed,
        cast(cheapest.next_dose_number as int) as dose_number,
        cheapest.next_rule_id as rule_id,
        earliest_days.administered_date as earliest_valid_date,
        earliest_days.rule_id as earliest_rule_id,
        cheapest.next_dose_date as next_valid_date,
        cheapest.last_dose_date as earliest_completion_date
    from open_antigens
    cross join school_year
    left join cheapest
        on
            open_antigens.student_key = cheapest.student_key
            and open_antigens.antigen = cheapest.antigen
    left join earliest_days
        on
            open_antigens.student_key = earliest_days.student_key
            and open_antigens.antigen = earliest_days.antigen
)

select * from final
