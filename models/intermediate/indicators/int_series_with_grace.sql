{#- Unrolled joins: the linter takes their lines for badly indented.
-- sqlfluff:exclude_rules:references.keywords,structure.column_order,layout.indent
-#}
with {{ dose_rules_and_agents() }},

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

all_doses as (
    select * from {{ ref('int_doses') }}
    where is_kept
),

doses as (
    select
        all_doses.student_key,
        all_doses.antigen,
        all_doses.administered_date,
        all_doses.agent_label,
        all_doses.date_of_birth,
        all_doses.preceding_live_date,
        all_doses.preceding_polysaccharide_date,
        open_antigens.variant
    from all_doses
    inner join open_antigens
        on
            all_doses.student_key = open_antigens.student_key
            and all_doses.antigen = open_antigens.antigen
    where all_doses.administered_date >= all_doses.date_of_birth
),

{{ slots_refilled(grace_days=grace_days()) }},

final as (
    select
        student_key,
        antigen,
        schedule,
        {%- for slot in range(1, slot_count() + 1) %}
        dose_{{ slot }}_date,
        {%- endfor %}
        valid_doses
    from refilled
)

select * from final
