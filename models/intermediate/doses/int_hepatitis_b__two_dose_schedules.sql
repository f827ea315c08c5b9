with doses as (
    select
        student_key,
        agent_label,
        trade_name,
        administered_date >= {{ add_period('date_of_birth', "cast('11 years' as interval)") }} as is_at_11_or_later
    from {{ ref('int_doses') }}
    where
        antigen = 'hepatitis_b'
        and is_kept
),

compared as (
    select
        student_key,
        is_at_11_or_later,
        agent_label in ('hb', 'hb-unspecified')
        and coalesce(lower({{ rewritten('trade_name', [['[^\\p{L}]', '']]) }}) like '%engerix%', false) as is_engerix_b
    from doses
),

final as (
    select
        student_key,
        case
            when coalesce(bool_and(case when is_at_11_or_later then is_engerix_b end), false) then 'engerix_b'
            else 'non_engerix_b'
        end as variant
    from compared
    group by student_key
)

select * from final
