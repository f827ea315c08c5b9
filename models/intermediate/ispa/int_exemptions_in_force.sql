with exemptions as (
    select * from {{ ref('stg_panorama__exemptions') }}
),

labels as (
    select * from {{ ref('exemption_labels') }}
),

reasons as (
    select * from {{ ref('exemption_reasons') }}
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
    inner join labels
        on exemptions.exemption_antigen_label = {{ normalized_label('labels.exemption_antigen') }}
    inner join reasons
        on exemptions.reason_label = {{ normalized_label('reasons.reason') }}
    where
        labels.is_exemption_label
        and reasons.exemption_type in ('medical', 'nonmedical')
        and exemptions.client_id is not null
        and coalesce(exemptions.effective_from <= {{ as_of() }}, true)
        and coalesce(exemptions.effective_to >= {{ as_of() }}, true)
        and {{ holds_in('school_year.first_year', 'labels') }}
        and {{ holds_in('school_year.first_year', 'reasons') }}
)

select * from final
