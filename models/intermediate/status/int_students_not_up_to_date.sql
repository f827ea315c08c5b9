with student_antigens as (
    select * from {{ ref('int_student_antigens') }}
    where not is_up_to_date
),

next_doses as (
    select * from {{ ref('int_next_doses') }}
),

student_exemptions as (
    select * from {{ ref('int_student_exemptions') }}
    where has_medical_exemption or has_nonmedical_exemption
),

exemptions_of_the_year as (
    select * from {{ ref('int_exemptions_of_the_year') }}
),

assessed_antigens as (
    select * from {{ ref('int_geographies_by_antigen') }}
    where geography = 'province'
),

doses as (
    select * from {{ ref('int_doses_judged') }}
    where not is_valid
),

reasons as (
    select * from {{ ref('refusal_reasons') }}
),

immunizations as (
    select * from {{ ref('int_open_immunizations') }}
),

students_with_a_record as (
    select distinct student_key
    from immunizations
),

refused_by_reason as (
    select
        next_doses.student_key,
        next_doses.antigen,
        reasons.reason,
        reasons.sort_order,
        count(*) as refused_doses
    from next_doses
    inner join doses
        on
            next_doses.student_key = doses.student_key
            and next_doses.antigen = doses.antigen
            and next_doses.schedule = doses.schedule
    inner join reasons
        on doses.reason = reasons.reason
    where reasons.is_about_the_date
    group by next_doses.student_key, next_doses.antigen, reasons.reason, reasons.sort_order
),

refused as (
    select
        student_key,
        antigen,
        sum(refused_doses) as refused_doses,
        {{ first_by('reason', ['-refused_doses', 'sort_order']) }} as main_reason
    from refused_by_reason
    group by student_key, antigen
),

exempt_clients as (
    select distinct client_id
    from exemptions_of_the_year
),

classified as (
    select
        student_antigens.school_year,
        student_antigens.student_key,
        student_antigens.client_id,
        student_antigens.age,
        student_antigens.antigen,
        case
            when
                not assessed_antigens.is_exemption_applicable
                and (
                    exemptions_of_the_year.client_id is not null
                    or (students_with_a_record.student_key is null and exempt_clients.client_id is not null)
                )
                then 'exempt_not_counted'
            when student_exemptions.has_medical_exemption then 'exempt_medical'
            when student_exemptions.has_nonmedical_exemption then 'exempt_nonmedical'
            when not student_antigens.has_any_dose and students_with_a_record.student_key is null then 'no_record'
            when not student_antigens.has_any_dose then 'no_dose'
            when refused.refused_doses >= next_doses.doses_needed then 'doses_refused'
            else 'series_incomplete'
        end as status,
        next_doses.doses_needed,
        cast(coalesce(refused.refused_doses, 0) as int) as refused_doses,
        refused.main_reason
    from student_antigens
    inner join next_doses
        on
            student_antigens.student_key = next_doses.student_key
            and student_antigens.antigen = next_doses.antigen
    inner join assessed_antigens
        on
            student_antigens.age = assessed_antigens.age
            and student_antigens.antigen = assessed_antigens.antigen
    left join student_exemptions
        on
            student_antigens.student_key = student_exemptions.student_key
            and student_antigens.antigen = student_exemptions.antigen
    left join exemptions_of_the_year
        on
            student_antigens.client_id = exemptions_of_the_year.client_id
            and student_antigens.antigen = exemptions_of_the_year.antigen
    left join exempt_clients
        on student_antigens.client_id = exempt_clients.client_id
    left join refused
        on
            student_antigens.student_key = refused.student_key
            and student_antigens.antigen = refused.antigen
    left join students_with_a_record
        on student_antigens.student_key = students_with_a_record.student_key
),

final as (
    select
        school_year,
        student_key,
        client_id,
        age,
        antigen,
        status,
        case when status = 'doses_refused' then main_reason end as refusal_reason,
        doses_needed,
        refused_doses
    from classified
)

select * from final
