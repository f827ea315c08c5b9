{#- Steps that no set of agents outgrows: each covers an antigen more, and no age is assessed for as many. -#}
{%- set most_injections = 10 -%}
with next_doses as (
    select * from {{ ref('int_next_doses') }}
),

next_dose_agents as (
    select * from {{ ref('int_next_dose_agents') }}
),

exemptions as (
    select * from {{ ref('int_exemptions_in_force') }}
),

later_live_doses as (
    select * from {{ ref('int_later_live_doses') }}
),

dose_rules as (
    {{ rules_in_force(ref('dose_rules'), ref('int_school_year')) }}
),

diseases as (
    select * from {{ ref('ispa_diseases') }}
),

antigens as (
    select
        antigen,
        cast(power(2, sort_order - 1) as int) as antigen_bit
    from {{ ref('antigens') }}
),

exemptions_by_client as (
    select
        exemptions.client_id,
        cast(sum(case when exemptions.has_medical_exemption then antigens.antigen_bit else 0 end) as int) as medical_bits,
        cast(sum(case when exemptions.has_nonmedical_exemption then antigens.antigen_bit else 0 end) as int)
            as refused_bits
    from exemptions
    inner join antigens
        on exemptions.antigen = antigens.antigen
    group by exemptions.client_id
),

antigens_of_agents as (
    select distinct
        agent,
        antigen
    from next_dose_agents
),

agent_antigens as (
    select
        antigens_of_agents.agent,
        cast(sum(antigens.antigen_bit) as int) as antigen_bits
    from antigens_of_agents
    inner join antigens
        on antigens_of_agents.antigen = antigens.antigen
    group by antigens_of_agents.agent
),

-- Each agent once, whatever its products: those of hepatitis B differ by trade name.
offers as (
    select
        agent,
        offered_from,
        offered_before,
        min(sort_order) as sort_order
    from {{ ref('next_dose_agents') }}
    group by agent, offered_from, offered_before
),

agents as (
    select
        agent_antigens.agent,
        agent_antigens.antigen_bits,
        offers.offered_from,
        offers.offered_before,
        offers.sort_order,
        cast(power(2, offers.sort_order - 1) as int) as agent_bit
    from agent_antigens
    inner join offers
        on agent_antigens.agent = offers.agent
),

live_intervals as (
    select
        antigen,
        max(live_interval_from) as live_interval
    from dose_rules
    where live_interval_from is not null
    group by antigen
),

wanted as (
    select
        next_doses.student_key,
        next_doses.antigen,
        next_doses.date_of_birth,
        next_doses.product_variant,
        next_doses.next_valid_date,
        antigens.antigen_bit,
        live_intervals.live_interval,
        coalesce(exemptions_by_client.medical_bits, 0) as medical_bits,
        coalesce(exemptions_by_client.refused_bits, 0) as refused_bits,
        diseases.disease is not null as is_ispa
    from next_doses
    inner join antigens
        on next_doses.antigen = antigens.antigen
    left join live_intervals
        on next_doses.antigen = live_intervals.antigen
    left join exemptions_by_client
        on next_doses.client_id = exemptions_by_client.client_id
    left join exemptions
        on
            next_doses.client_id = exemptions.client_id
            and next_doses.antigen = exemptions.antigen
    left join diseases
        on
            next_doses.antigen = diseases.antigen
            and {{ is_designated('next_doses.as_of', 'next_doses.date_of_birth') }}
    where
        exemptions.client_id is null
        and next_doses.criterion is not null
),

-- The first day on which some agent without a contraindicated antigen is offered.
offered as (
    select
        wanted.student_key,
        wanted.antigen,
        wanted.date_of_birth,
        wanted.antigen_bit,
        wanted.live_interval,
        wanted.medical_bits,
        wanted.refused_bits,
        wanted.is_ispa,
        min(greatest(
            wanted.next_valid_date, {{ add_period('wanted.date_of_birth', 'next_dose_agents.offered_from') }}
        )) as offered_date
    from wanted
    inner join next_dose_agents
        on
            wanted.antigen = next_dose_agents.antigen
            and (next_dose_agents.variant is null or wanted.product_variant = next_dose_agents.variant)
    inner join agent_antigens
        on next_dose_agents.agent = agent_antigens.agent
    where
        (wanted.medical_bits & agent_antigens.antigen_bits) = 0
        and coalesce(
            wanted.next_valid_date
            < {{ add_period('wanted.date_of_birth', 'next_dose_agents.offered_before') }},
            true
        )
    group by
        wanted.student_key, wanted.antigen, wanted.date_of_birth, wanted.antigen_bit, wanted.live_interval,
        wanted.medical_bits, wanted.refused_bits, wanted.is_ispa
),

both_choices as (
    select false as is_after_dose
    union all
    select true as is_after_dose
),

{#-
    The first day that keeps its distance from later live doses, and again after the first visit's live doses. Days are named once in
    each pass: Spark computes a CTE again wherever it is named.
#}
{%- for pass in ['recorded', 'given'] %}
{%- set days = 'offered' if loop.first else 'spaced' %}
{%- set day = days ~ '_date' %}
candidates_{{ pass }} as (
    select
        days.student_key,
        days.antigen,
        days.live_interval,
        case
            when both_choices.is_after_dose
                then {{ add_period('later_live_doses.administered_date', 'cast(days.live_interval as interval)') }}
            else days.{{ day }}
        end as candidate_date
    from {{ days }} as days
    cross join both_choices
    left join later_live_doses
        on
            days.student_key = later_live_doses.student_key
            and days.antigen = later_live_doses.antigen
    where
        days.live_interval is not null
        and (
            not both_choices.is_after_dose
            or {{ add_period('later_live_doses.administered_date', 'cast(days.live_interval as interval)') }} > days.{{ day }}
        )
),

judged_{{ pass }} as (
    select
        candidates.student_key,
        candidates.antigen,
        candidates.candidate_date,
        max(case
            when
                candidates.candidate_date <> later_live_doses.administered_date
                and candidates.candidate_date
                < {{ add_period('later_live_doses.administered_date', 'cast(candidates.live_interval as interval)') }}
                and later_live_doses.administered_date
                < {{ add_period('candidates.candidate_date', 'cast(candidates.live_interval as interval)') }}
                then 1
            else 0
        end) as is_spoilt
    from candidates_{{ pass }} as candidates
    left join later_live_doses
        on
            candidates.student_key = later_live_doses.student_key
            and candidates.antigen = later_live_doses.antigen
    group by candidates.student_key, candidates.antigen, candidates.candidate_date
),

clear_{{ pass }} as (
    select
        student_key,
        antigen,
        min(candidate_date) as clear_date
    from judged_{{ pass }}
    where is_spoilt = 0
    group by student_key, antigen
),

{% if loop.first -%}
with_first_live as (
    select
        offered.student_key,
        offered.antigen,
        offered.date_of_birth,
        offered.antigen_bit,
        offered.live_interval,
        offered.medical_bits,
        offered.refused_bits,
        offered.is_ispa,
        coalesce(clear_recorded.clear_date, offered.offered_date) as first_date,
        min(clear_recorded.clear_date) over (partition by offered.student_key) as first_live_date
    from offered
    left join clear_recorded
        on
            offered.student_key = clear_recorded.student_key
            and offered.antigen = clear_recorded.antigen
),

spaced as (
    select
        *,
        case
            when live_interval is not null and first_date > first_live_date
                then greatest(first_date, {{ add_period('first_live_date', 'cast(live_interval as interval)') }})
            else first_date
        end as spaced_date
    from with_first_live
),
{%- endif %}
{%- endfor %}

-- Live doses after the first visit's wait for each other: on different days they would be 28 days apart again.
dated as (
    select
        spaced.student_key,
        spaced.antigen,
        spaced.date_of_birth,
        spaced.antigen_bit,
        spaced.medical_bits,
        spaced.refused_bits,
        spaced.is_ispa,
        case
            when spaced.live_interval is null or spaced.first_date = spaced.first_live_date then spaced.first_date
            else max(case when spaced.first_date > spaced.first_live_date then clear_given.clear_date end)
                over (partition by spaced.student_key)
        end as visit_date
    from spaced
    left join clear_given
        on
            spaced.student_key = clear_given.student_key
            and spaced.antigen = clear_given.antigen
),

visits as (
    select
        student_key,
        date_of_birth,
        visit_date,
        is_ispa,
        medical_bits,
        refused_bits,
        cast(sum(antigen_bit) as int) as due_bits
    from dated
    group by student_key, date_of_birth, visit_date, is_ispa, medical_bits, refused_bits
),

ages as (
    select distinct
        date_of_birth,
        visit_date
    from visits
),

offered_agents as (
    select
        agent_bit,
        cast(offered_from as interval) as offered_from,
        cast(offered_before as interval) as offered_before
    from agents
),

agents_by_age as (
    select
        ages.date_of_birth,
        ages.visit_date,
        cast(sum(offered_agents.agent_bit) as int) as agent_bits
    from ages
    inner join offered_agents
        on {{ is_offered('ages.visit_date', 'ages.date_of_birth', agents='offered_agents') }}
    group by ages.date_of_birth, ages.visit_date
),

visits_with_agents as (
    select
        visits.*,
        agents_by_age.agent_bits
    from visits
    inner join agents_by_age
        on
            visits.date_of_birth = agents_by_age.date_of_birth
            and visits.visit_date = agents_by_age.visit_date
),

-- Few: what to give together is decided once for all visits that are alike.
covered_0 as (
    select distinct
        due_bits,
        medical_bits,
        refused_bits,
        agent_bits,
        due_bits as open_bits,
        0 as injections,
        0 as refused_antigens,
        0 as order_sum,
        0 as chosen_bits
    from visits_with_agents
),

{#- Whatever is chosen in the end has an agent for the lowest antigen that is open: each of them is a branch. #}
{%- for step in range(1, most_injections + 1) %}

covered_{{ step }} as (
    select
        covered.due_bits,
        covered.medical_bits,
        covered.refused_bits,
        covered.agent_bits,
        covered.open_bits - (covered.open_bits & coalesce(agents.antigen_bits, 0)) as open_bits,
        covered.injections + case when agents.agent_bit is null then 0 else 1 end as injections,
        covered.refused_antigens + coalesce(bit_count(agents.antigen_bits & covered.refused_bits), 0) as refused_antigens,
        covered.order_sum + coalesce(agents.sort_order, 0) as order_sum,
        covered.chosen_bits + coalesce(agents.agent_bit, 0) as chosen_bits
    from covered_{{ step - 1 }} as covered
    left join agents
        on
            (covered.open_bits & -covered.open_bits & agents.antigen_bits) <> 0
            and (covered.agent_bits & agents.agent_bit) <> 0
            and (covered.medical_bits & agents.antigen_bits) = 0
),
{%- endfor %}

ranked as (
    select
        *,
        row_number() over (
            partition by due_bits, medical_bits, refused_bits, agent_bits
            order by
                injections asc, refused_antigens asc, order_sum asc, chosen_bits asc
        ) as place
    from covered_{{ most_injections }}
    where open_bits = 0
),

chosen as (
    select
        ranked.due_bits,
        ranked.medical_bits,
        ranked.refused_bits,
        ranked.agent_bits,
        antigens.antigen,
        {{ first_by('agents.agent', ['agents.sort_order']) }} as agent
    from ranked
    inner join agents
        on (ranked.chosen_bits & agents.agent_bit) <> 0
    inner join antigens
        on (ranked.due_bits & agents.antigen_bits & antigens.antigen_bit) <> 0
    where ranked.place = 1
    group by ranked.due_bits, ranked.medical_bits, ranked.refused_bits, ranked.agent_bits, antigens.antigen
),

final as (
    select
        visits_with_agents.student_key,
        chosen.antigen,
        visits_with_agents.is_ispa,
        visits_with_agents.visit_date,
        chosen.agent
    from visits_with_agents
    inner join chosen
        on
            visits_with_agents.due_bits = chosen.due_bits
            and visits_with_agents.medical_bits = chosen.medical_bits
            and visits_with_agents.refused_bits = chosen.refused_bits
            and visits_with_agents.agent_bits = chosen.agent_bits
)

select * from final
