{{ config(materialized='view') }}

with education_records as (
    select * from {{ ref('stg_panorama__education_records') }}
),

clients as (
    select * from {{ ref('int_clients_selected') }}
),

schools as (
    select * from {{ ref('stg_panorama__schools') }}
),

public_health_units as (
    select * from {{ ref('int_public_health_units') }}
),

school_type_priorities as (
    select
        age_from,
        age_before,
        priority,
        is_conflict,
        {{ normalized_label('school_type') }} as school_type_label
    from {{ ref('school_type_priorities') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

joined as (
    select /*+ broadcast(schools, public_health_units, school_type_priorities) */
        education_records.source_row_number,
        education_records.education_record_id,
        education_records.school_id,
        education_records.effective_from,
        education_records.effective_to,
        clients.student_key,
        clients.client_id,
        clients.age,
        schools.school_id as known_school_id,
        schools.school_name,
        schools.school_type_label,
        public_health_units.phu_id,
        public_health_units.phu_name,
        school_year.first_day,
        school_year.attendance_date,
        school_year.assessment_date,
        coalesce(school_type_priorities.is_conflict, false) as is_conflict,
        coalesce(school_type_priorities.priority, 3) as school_type_priority
    from education_records
    inner join clients
        on education_records.client_id = clients.client_id
    cross join school_year
    left join schools
        on education_records.school_id = schools.school_id
    left join public_health_units
        on schools.public_health_unit_label = public_health_units.public_health_unit_label
    left join school_type_priorities
        on
            schools.school_type_label = school_type_priorities.school_type_label
            and clients.age >= school_type_priorities.age_from
            and clients.age < school_type_priorities.age_before
),

final as (
    select
        source_row_number,
        education_record_id,
        student_key,
        client_id,
        age,
        school_id,
        phu_id,
        phu_name,
        effective_from,
        effective_to,
        school_type_priority,
        case
            when school_id is null then 'no_school_id'
            when known_school_id is null then 'unknown_school'
            when lower(school_name) like '%holding%' then 'holding_school'
            when school_type_label = 'other' then 'school_type_other'
            when phu_id is null then 'not_a_phu'
            when is_conflict then 'school_type_conflicts_with_age'
            {%- if var('education_record_window') == 'overlap' %}
            when effective_from > assessment_date or effective_to < first_day then 'outside_school_year'
            {%- else %}
            when effective_from < first_day or effective_to is null or effective_to > assessment_date
                then 'outside_school_year'
            {%- endif %}
        end as dropped_reason,
        coalesce(effective_from <= attendance_date, true)
        and coalesce(effective_to >= attendance_date, true) as is_attended_on_attendance_date,
        case
            when effective_from > effective_to then 0
            else greatest(
                0,
                {{ day_number('least(coalesce(effective_to, assessment_date), assessment_date)') }}
                - {{ day_number('greatest(coalesce(effective_from, first_day), first_day)') }}
                + 1
            )
        end as days_attended
    from joined
)

select * from final
