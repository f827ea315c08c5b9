-- Every hepatitis B rule names its agents; a rule without rows would accept every agent.
select
    'dose_rules' as table_name,
    dose_rules.rule_id,
    'has no agents in dose_rule_agents.csv and would accept every agent' as problem
from {{ ref('dose_rules') }} as dose_rules
left join {{ ref('dose_rule_agents') }} as dose_rule_agents
    on
        dose_rules.rule_id = dose_rule_agents.rule_id
        and dose_rule_agents.dose = 'current'
where
    dose_rules.antigen = 'hepatitis_b'
    and dose_rule_agents.agent is null
