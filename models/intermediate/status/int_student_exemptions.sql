with students as (
    select * from {{ ref('int_students') }}
),

exemptions as (
    select * from {{ ref('int_exemptions_labelled') }}
    where is_exemption_label
),

assessed_antigens as (
    select * from {{ ref('assessed_antigens') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

effective as (
    select
        exemptions.client_id,
        exemptions.antigen,
        bool_or(exemptions.exemption_type = 'medical') as has_medical_exemption,
        bool_or(exemptions.exemption_type = 'nonmedical') as has_nonmedical_exemption
    from exemptions
    cross join school_year
    where
        coalesce(exemptions.effective_from <= school_year.assessment_date, true)
        and coalesce(exemptions.effective_to >= school_year.first_day, true)
    group by exemptions.client_id, exemptions.antigen
),

final as (
    select /*+ broadcast(assessed_antigens) */
        school_year.school_year,
        students.student_key,
        students.client_id,
        students.age,
        assessed_antigens.antigen,
        coalesce(effective.has_medical_exemption, false) as has_medical_exemption,
        coalesce(effective.has_nonmedical_exemption, false) as has_nonmedical_exemption
    from students
    cross join school_year
    inner join assessed_antigens
        on students.age = assessed_antigens.age
    left join effective
        on
            students.client_id = effective.client_id
            and assessed_antigens.antigen = effective.antigen
    where
        assessed_antigens.is_exemption_applicable
        and {{ holds_in(definitions_year(), 'assessed_antigens') }}
)

select * from final
