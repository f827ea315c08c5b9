with rules as (
    {{ dose_rules_in_force(ref('int_dose_rules'), ref('int_school_year')) }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

doses as (
    select doses.*
    from {{ ref('int_doses') }} as doses
    inner join open_antigens
        on
            doses.student_key = open_antigens.student_key
            and doses.antigen = open_antigens.antigen
    where
        doses.is_kept
        and doses.administered_date >= doses.date_of_birth
),

{{ slots_filled('rules', doses='doses', variants='open_antigens', grace_days=var('grace_days') | int) }},

final as (
    select
        slots.student_key,
        slots.antigen,
        slots.schedule,
        {%- for slot in range(1, slot_count() + 1) %}
        slots.dose_{{ slot }}_date,
        {%- endfor %}
        {{ slots_counted('slots') }} as valid_doses
    from slots
)

select * from final
