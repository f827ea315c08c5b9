{%- set slots = slot_count() -%}
with rules as (
    {{ dose_rules() }}
),

current_agents as (
    {{ dose_rule_agents('current') }}
),

first_agents as (
    {{ dose_rule_agents('first') }}
),

criteria as (
    {{ up_to_date_rules() }}
),

gaps as (
    select * from {{ ref('int_interaction_gaps') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

series as (
    select * from {{ ref('int_series') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

-- The criteria that the recorded doses have not ruled out: each is a plan of its own.
plan_0 as (
    select
        open_antigens.student_key,
        open_antigens.date_of_birth,
        open_antigens.antigen,
        open_antigens.variant,
        open_antigens.latest_dose_date,
        rules.rule_id as criterion,
        rules.criterion_number,
        rules.schedule,
        rules.valid_doses,
        rules.reference_dose_number,
        rules.first_dose_age_from,
        rules.first_dose_age_before,
        rules.reference_dose_age_from,
        rules.reference_dose_age_before,
        rules.recent_dose_number,
        rules.recent_dose_before,
        open_antigens.agent_label,
        open_antigens.is_live,
        series.first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        series.dose_{{ slot }}_date,
        {%- endfor %}
        {%- for slot in range(1, slots + 1) %}
        {{ '+ ' if not loop.first }}case when series.dose_{{ slot }}_date is null then 0 else 1 end
        {%- endfor %} as filled,
        cast(null as date) as next_dose_date,
        cast(null as {{ dbt.type_string() }}) as next_rule_id
    from open_antigens
    cross join school_year
    inner join criteria as rules
        on
            open_antigens.antigen = rules.antigen
            and (rules.age is null or open_antigens.age = rules.age)
    left join series
        on
            open_antigens.student_key = series.student_key
            and rules.antigen = series.antigen
            and rules.schedule = series.schedule
    where coalesce({{ criterion_condition('open_antigens.date_of_birth') }}, true)
),

{%- for step in range(1, slots + 1) %}

wanted_{{ step }} as (
    select
        plans.*,
        greatest(
            {{ as_of() }},
            case when plans.filled = 0 then {{ add_period('plans.date_of_birth', 'plans.first_dose_age_from') }} end,
            case
                when plans.filled + 1 = plans.reference_dose_number
                    then {{ add_period('plans.date_of_birth', 'plans.reference_dose_age_from') }}
            end
        ) as not_before
    from plan_{{ step - 1 }} as plans
    cross join school_year
    where plans.filled < plans.valid_doses
),

earliest_{{ step }} as (
    {{ earliest_doses('wanted_' ~ step, keys=['student_key', 'criterion']) }}
),

plan_{{ step }} as (
    select
        plans.student_key,
        plans.date_of_birth,
        plans.antigen,
        plans.variant,
        plans.latest_dose_date,
        plans.criterion,
        plans.criterion_number,
        plans.schedule,
        plans.valid_doses,
        plans.reference_dose_number,
        plans.first_dose_age_from,
        plans.first_dose_age_before,
        plans.reference_dose_age_from,
        plans.reference_dose_age_before,
        plans.recent_dose_number,
        plans.recent_dose_before,
        plans.agent_label,
        plans.is_live,
        case when plans.filled = 0 then plans.agent_label else plans.first_dose_agent_label end as first_dose_agent_label,
        {%- for slot in range(1, slots + 1) %}
        case when plans.filled + 1 = {{ slot }} then earliest.administered_date else plans.dose_{{ slot }}_date end
            as dose_{{ slot }}_date,
        {%- endfor %}
        plans.filled + 1 as filled,
        {%- if step == 1 %}
        earliest.administered_date as next_dose_date,
        earliest.rule_id as next_rule_id
        {%- else %}
        plans.next_dose_date,
        plans.next_rule_id
        {%- endif %}
    from wanted_{{ step }} as plans
    inner join earliest_{{ step }} as earliest
        on
            plans.student_key = earliest.student_key
            and plans.criterion = earliest.criterion
),

{%- endfor %}

completed as (
    {%- for step in range(1, slots + 1) %}
    select
        {{ step }} as doses_needed,
        plan_{{ step }}.*
    from plan_{{ step }}
    where filled = valid_doses
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        rules.student_key,
        rules.antigen,
        rules.criterion,
        rules.criterion_number,
        rules.schedule,
        rules.variant,
        rules.doses_needed,
        rules.valid_doses - rules.doses_needed + 1 as next_dose_number,
        rules.next_dose_date,
        rules.next_rule_id,
        {{ slot_date('rules.filled', 'rules') }} as last_dose_date
    from completed as rules
    cross join school_year
    where {{ criterion_condition('rules.date_of_birth', series='rules') }}
)

select * from final
