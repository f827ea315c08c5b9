with exemptions as (
    select * from {{ ref('int_exemptions_labelled') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

records as (
    select
        exemptions.client_id,
        exemptions.antigen,
        exemptions.is_exemption_label,
        exemptions.exemption_type,
        -- Past infection and laboratory evidence do not end.
        case
            when exemptions.exemption_type = 'evidence_of_immunity'
                then coalesce(exemptions.effective_from <= {{ as_of() }}, false)
            else
                coalesce(exemptions.effective_from <= {{ as_of() }}, true)
                and coalesce(exemptions.effective_to >= {{ as_of() }}, true)
        end as is_in_force
    from exemptions
    cross join school_year
),

final as (
    select
        client_id,
        antigen,
        bool_or(is_exemption_label and exemption_type in ('medical', 'nonmedical')) as is_exempt,
        bool_or(exemption_type = 'medical') as has_medical_exemption,
        bool_or(exemption_type = 'nonmedical') as has_nonmedical_exemption,
        bool_or(exemption_type = 'evidence_of_immunity') as is_immune
    from records
    where is_in_force
    group by client_id, antigen
)

select * from final
