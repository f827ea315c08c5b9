with exemptions as (
    select * from {{ ref('stg_panorama__exemptions') }}
    where client_id is not null
),

labels as (
    {{ rules_in_force(ref('exemption_labels'), ref('int_school_year')) }}
),

reasons as (
    {{ rules_in_force(ref('exemption_reasons'), ref('int_school_year')) }}
),

antigens as (
    select * from {{ ref('int_exemption_antigens') }}
),

-- A cell may name an antigen by two labels: an exemption counts once for each antigen.
final as (
    select distinct
        exemptions.exemption_id,
        exemptions.client_id,
        labels.antigen,
        labels.is_immunity_label,
        labels.is_exemption_label,
        reasons.exemption_type,
        exemptions.effective_from,
        exemptions.effective_to
    from exemptions
    left join antigens
        on exemptions.exemption_antigen_label = antigens.exemption_antigen_label
    inner join labels
        on
            coalesce(antigens.antigen_label, exemptions.exemption_antigen_label)
            = {{ normalized_label('labels.exemption_antigen') }}
    inner join reasons
        on exemptions.reason_label = {{ normalized_label('reasons.reason') }}
)

select * from final
