{{ config(materialized='view') }}

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

school_year as (
    select
        int_school_year.school_year,
        int_school_year.first_day,
        int_school_year.assessment_date,
        cast({{ as_of('int_school_year') }} as date) as as_of
    from {{ ref('int_school_year') }} as int_school_year
),

final as (
    select
        school_year.school_year,
        exemptions.client_id,
        exemptions.exemption_id,
        exemptions.exemption_antigen,
        exemptions.reason,
        exemptions.effective_from,
        exemptions.effective_to,
        labels.antigen,
        reasons.exemption_type,
        school_year.as_of,
        coalesce(
            reasons.exemption_type in ('medical', 'nonmedical')
            and labels.is_exemption_label
            and coalesce(exemptions.effective_from <= school_year.assessment_date, true)
            and coalesce(exemptions.effective_to >= school_year.first_day, true),
            false
        ) as is_exempt_in_school_year,
        coalesce(
            reasons.exemption_type = 'evidence_of_immunity'
            and labels.is_immunity_label
            and exemptions.effective_from <= school_year.assessment_date,
            false
        ) as is_evidence_of_immunity,
        coalesce(
            reasons.exemption_type in ('medical', 'nonmedical')
            and labels.is_exemption_label
            and coalesce(exemptions.effective_from <= school_year.as_of, true)
            and coalesce(exemptions.effective_to >= school_year.as_of, true),
            false
        ) as is_exempt_on_day,
        coalesce(
            reasons.exemption_type = 'evidence_of_immunity'
            and labels.antigen is not null
            and exemptions.effective_from <= school_year.as_of,
            false
        ) as is_immune_on_day
    from exemptions
    cross join school_year
    left join labels
        on exemptions.exemption_antigen_label = {{ normalized_label('labels.exemption_antigen') }}
    left join reasons
        on exemptions.reason_label = {{ normalized_label('reasons.reason') }}
)

select * from final
