with student_antigens as (
    select * from {{ ref('int_student_antigens') }}
    where not is_up_to_date
),

students as (
    select * from {{ ref('int_students') }}
),

doses as (
    select * from {{ ref('int_doses') }}
),

schedule_variants as (
    select * from {{ ref('int_schedule_variants') }}
),

next_dose_agents as (
    select * from {{ ref('int_next_dose_agents') }}
),

-- One agent per antigen and variant is enough: the rules do not distinguish the others.
agents as (
    select
        antigen,
        variant,
        {{ first_by('agent_label', ['sort_order']) }} as agent_label,
        bool_or(is_live) as is_live
    from next_dose_agents
    group by antigen, variant
),

open_antigens as (
    select
        students.student_key,
        students.client_id,
        students.date_of_birth,
        students.age,
        student_antigens.antigen
    from student_antigens
    inner join students
        on student_antigens.student_key = students.student_key
),

latest_doses as (
    select
        doses.student_key,
        doses.antigen,
        max(doses.administered_date) as latest_dose_date
    from doses
    inner join open_antigens
        on
            doses.student_key = open_antigens.student_key
            and doses.antigen = open_antigens.antigen
    group by doses.student_key, doses.antigen
),

with_variants as (
    select
        open_antigens.*,
        -- Students without a dose follow the rule for every product (int_hepatitis_b__two_dose_schedules).
        coalesce(
            schedule_variants.variant, case when open_antigens.antigen = 'hepatitis_b' then 'non_engerix_b' end
        ) as variant
    from open_antigens
    left join schedule_variants
        on
            open_antigens.student_key = schedule_variants.student_key
            and open_antigens.antigen = schedule_variants.antigen
),

final as (
    select
        with_variants.student_key,
        with_variants.client_id,
        with_variants.date_of_birth,
        with_variants.age,
        with_variants.antigen,
        with_variants.variant,
        agents.agent_label,
        agents.is_live,
        latest_doses.latest_dose_date
    from with_variants
    inner join agents
        on
            with_variants.antigen = agents.antigen
            and (agents.variant is null or with_variants.variant = agents.variant)
    left join latest_doses
        on
            with_variants.student_key = latest_doses.student_key
            and with_variants.antigen = latest_doses.antigen
)

select * from final
