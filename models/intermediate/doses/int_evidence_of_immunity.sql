with exemptions as (
    select * from {{ ref('stg_panorama__exemptions') }}
),

labels as (
    select * from {{ ref('exemption_labels') }}
),

reasons as (
    select * from {{ ref('exemption_reasons') }}
),

students as (
    select * from {{ ref('int_students') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select distinct
        students.student_key,
        labels.antigen
    from exemptions
    cross join school_year
    inner join students
        on exemptions.client_id = students.client_id
    inner join labels
        on exemptions.exemption_antigen_label = {{ normalized_label('labels.exemption_antigen') }}
    inner join reasons
        on exemptions.reason_label = {{ normalized_label('reasons.reason') }}
    where
        labels.is_immunity_label
        and reasons.exemption_type = 'evidence_of_immunity'
        and exemptions.effective_from <= school_year.assessment_date
        and {{ holds_in('school_year.first_year', 'labels') }}
        and {{ holds_in('school_year.first_year', 'reasons') }}
)

select * from final
