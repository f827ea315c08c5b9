with exemptions as (
    select * from {{ ref('int_exemptions_labelled') }}
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
        exemptions.antigen
    from exemptions
    cross join school_year
    inner join students
        on exemptions.client_id = students.client_id
    where
        exemptions.is_immunity_label
        and exemptions.exemption_type = 'evidence_of_immunity'
        and exemptions.effective_from <= school_year.assessment_date
)

select * from final
