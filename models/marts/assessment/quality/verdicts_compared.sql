with panorama as (
    select
        immunization_id,
        panorama_verdict
    from {{ ref('stg_panorama__immunizations') }}
    where panorama_verdict is not null
),

doses as (
    select * from {{ ref('doses') }}
),

final as (
    select
        doses.school_year,
        doses.client_id,
        doses.antigen,
        doses.schedule,
        doses.immunization_id,
        doses.administered_date,
        doses.agent,
        doses.is_valid,
        doses.reason,
        doses.rule_id,
        panorama.panorama_verdict,
        doses.is_valid = (panorama.panorama_verdict = 'Valid') as is_same_verdict
    from doses
    inner join panorama
        on doses.immunization_id = panorama.immunization_id
)

select * from final
