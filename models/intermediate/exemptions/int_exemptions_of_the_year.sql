with exemptions as (
    select * from {{ ref('stg_panorama__exemptions') }}
    where client_id is not null
),

labels as (
    {{ rules_in_force(ref('exemption_labels'), ref('int_school_year')) }}
),

antigens as (
    select * from {{ ref('int_exemption_antigens') }}
),

reasons as (
    {{ rules_in_force(ref('exemption_reasons'), ref('int_school_year')) }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select distinct
        exemptions.client_id,
        labels.antigen
    from exemptions
    cross join school_year
    inner join reasons
        on exemptions.reason_label = {{ normalized_label('reasons.reason') }}
    left join antigens
        on exemptions.exemption_antigen_label = antigens.exemption_antigen_label
    left join labels
        on
            coalesce(antigens.antigen_label, exemptions.exemption_antigen_label)
            = {{ normalized_label('labels.exemption_antigen') }}
    where
        reasons.exemption_type in ('medical', 'nonmedical')
        and coalesce(exemptions.effective_from <= school_year.assessment_date, true)
        and coalesce(exemptions.effective_to >= school_year.first_day, true)
)

select * from final
