{#- Slots that a macro unrolls: the linter takes the lines after them for badly indented.
-- sqlfluff:exclude_rules:layout.indent
-#}
with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

doses as (
    select * from {{ ref('int_doses') }}
    where is_kept
),

variants as (
    select * from {{ ref('int_schedule_variants') }}
),

{{ slots_filled('rules', doses='doses', variants='variants') }},

final as (
    select
        student_key,
        antigen,
        schedule,
        first_dose_agent_label,
        {%- for slot in range(1, slot_count() + 1) %}
        dose_{{ slot }}_date,
        dose_{{ slot }}_rule_id{{ ',' if not loop.last }}
        {%- endfor %}
    from slots
)

select * from final
