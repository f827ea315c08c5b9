with exemptions as (
    select * from {{ ref('stg_panorama__exemptions') }}
    where client_id is not null
),

labels as (
    {{ rules_in_force('exemption_labels') }}
),

reasons as (
    {{ rules_in_force('exemption_reasons') }}
),

final as (
    select
        exemptions.exemption_id,
        exemptions.client_id,
        labels.antigen,
        labels.is_immunity_label,
        labels.is_exemption_label,
        reasons.exemption_type,
        exemptions.effective_from,
        exemptions.effective_to
    from exemptions
    inner join labels
        on exemptions.exemption_antigen_label = {{ normalized_label('labels.exemption_antigen') }}
    inner join reasons
        on exemptions.reason_label = {{ normalized_label('reasons.reason') }}
)

select * from final
