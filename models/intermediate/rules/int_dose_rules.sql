{#- A view: files have no type for periods. The linter takes the loops for badly indented.
-- sqlfluff:exclude_rules:layout.indent
-#}
{{ config(materialized='view') }}

with dose_rules as (
    select * from {{ ref('dose_rules') }}
),

rule_agents as (
    select * from {{ ref('dose_rule_agents') }}
),

agents_named as (
    select
        rule_id,
        {%- for dose in ['current', 'first'] %}
        case
            when max(case when dose = '{{ dose }}' then 1 end) = 1
                then array_agg({{ normalized_label('agent') }}) filter (where dose = '{{ dose }}')
        end as {{ dose }}_agents{{ ',' if not loop.last }}
        {%- endfor %}
    from rule_agents
    group by rule_id
),

final as (
    select
        dose_rules.rule_id,
        dose_rules.antigen,
        dose_rules.schedule,
        dose_rules.variant,
        dose_rules.dose_number,
        dose_rules.reference_dose_number,
        {%- for condition in rule_conditions(rule='dose_rules') if condition.column %}
        cast({{ condition.text }} as interval) as {{ condition.column }},
        {%- endfor %}
        agents_named.current_agents,
        agents_named.first_agents,
        dose_rules.school_year_from,
        dose_rules.school_year_before
    from dose_rules
    left join agents_named
        on dose_rules.rule_id = agents_named.rule_id
)

select * from final
