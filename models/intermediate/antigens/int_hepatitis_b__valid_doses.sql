{{ valid_doses('hepatitis_b', has_variants=true, has_agent_rules=true) }}
