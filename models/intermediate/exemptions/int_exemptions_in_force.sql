with exemptions as (
    select * from {{ ref('int_exemptions_labelled') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select distinct
        exemptions.client_id,
        exemptions.antigen
    from exemptions
    cross join school_year
    where
        exemptions.is_exemption_label
        and exemptions.exemption_type in ('medical', 'nonmedical')
        and coalesce(exemptions.effective_from <= {{ as_of() }}, true)
        and coalesce(exemptions.effective_to >= {{ as_of() }}, true)
)

select * from final
