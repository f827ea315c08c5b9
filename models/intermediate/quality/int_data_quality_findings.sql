{#-
    Check, extract, id column, value to show, and the condition of a finding. Doses of unknown agents are counted by spelling, in
    int_findings_counted.
-#}
{%- set checks = [
    ["clients_missing_id", "clients", "client_id", "null", "client_id is null"],
    ["schools_missing_id", "schools", "school_id", "null", "school_id is null"],
    ["education_records_missing_id", "education_records", "education_record_id", "null", "education_record_id is null"],
    ["immunizations_missing_id", "immunizations", "immunization_id", "null", "immunization_id is null"],
    ["exemptions_missing_id", "exemptions", "exemption_id", "null", "exemption_id is null"],
    ["clients_date_of_birth_missing", "clients", "client_id", "null", "date_of_birth is null and date_of_birth_unparsed is null"],
    ["clients_date_of_birth_not_a_date", "clients", "client_id", "date_of_birth_unparsed", "date_of_birth_unparsed is not null"],
    ["clients_date_of_birth_impossible", "clients", "client_id", "date_of_birth", "is_birth_impossible"],
    ["clients_status_missing", "clients", "client_id", "null", "client_status is null"],
    ["clients_gender_missing", "clients", "client_id", "null", "gender is null"],
    ["clients_unknown_status", "clients", "client_id", "client_status", "not is_known_status"],
    ["clients_unknown_gender", "clients", "client_id", "gender", "not is_known_gender"],
    ["clients_not_active", "clients", "client_id", "client_status", "coalesce(client_status <> 'Active', true)"],
    ["clients_age_not_assessed", "clients", "client_id", "date_of_birth", "client_status = 'Active' and date_of_birth is not null and client_id is not null and not is_selected"],
    ["clients_without_usable_education_record", "clients", "client_id", "client_id", "is_selected and not is_student"],
    ["schools_unknown_type", "schools", "school_id", "school_type", "not is_known_type"],
    ["schools_unknown_phu", "schools", "school_id", "public_health_unit", "not is_known_phu"],
    ["schools_phu_to_come", "schools", "school_id", "public_health_unit", "is_phu_to_come"],
    ["schools_holding", "schools", "school_id", "school_name", "lower(school_name) like '%holding%'"],
    ["schools_pseudo_school", "schools", "school_id", "school_name", "is_pseudo_school"],
    ["education_records_orphan_client", "education_records", "education_record_id", "client_id", "not is_known_client"],
    ["education_records_no_school_id", "education_records", "education_record_id", "null", "school_id is null"],
    ["education_records_unknown_school", "education_records", "education_record_id", "school_id", "school_id is not null and not is_known_school"],
    ["education_records_unknown_phu", "education_records", "education_record_id", "public_health_unit", "is_known_school and not is_known_phu"],
    ["education_records_inverted_period", "education_records", "education_record_id", "effective_to", "effective_to < effective_from"],
    ["education_records_effective_from_not_a_date", "education_records", "education_record_id", "effective_from_unparsed", "effective_from_unparsed is not null"],
    ["education_records_effective_to_not_a_date", "education_records", "education_record_id", "effective_to_unparsed", "effective_to_unparsed is not null"],
    ["immunizations_orphan_client", "immunizations", "immunization_id", "client_id", "not is_known_client"],
    ["immunizations_agent_of_another_year", "immunizations", "immunization_id", "agent", "is_agent_of_another_year"],
    ["immunizations_administered_date_missing", "immunizations", "immunization_id", "null", "administered_date is null and administered_date_unparsed is null"],
    ["immunizations_administered_date_not_a_date", "immunizations", "immunization_id", "administered_date_unparsed", "administered_date_unparsed is not null"],
    ["immunizations_recorded_date_not_a_date", "immunizations", "immunization_id", "recorded_date_unparsed", "recorded_date_unparsed is not null"],
    ["immunizations_before_birth", "immunizations", "immunization_id", "administered_date", "is_before_birth"],
    ["immunizations_after_assessment_date", "immunizations", "immunization_id", "administered_date", "is_after_assessment_date"],
    ["immunizations_after_build", "immunizations", "immunization_id", "administered_date", "is_after_build"],
    ["exemptions_orphan_client", "exemptions", "exemption_id", "client_id", "not is_known_client"],
    ["exemptions_unknown_antigen", "exemptions", "exemption_id", "exemption_antigen", "not is_known_antigen"],
    ["exemptions_unknown_reason", "exemptions", "exemption_id", "reason", "not is_known_reason"],
    ["exemptions_inverted_period", "exemptions", "exemption_id", "effective_to", "effective_to < effective_from"],
    ["exemptions_effective_from_not_a_date", "exemptions", "exemption_id", "effective_from_unparsed", "effective_from_unparsed is not null"],
    ["exemptions_effective_to_not_a_date", "exemptions", "exemption_id", "effective_to_unparsed", "effective_to_unparsed is not null"],
    ["immunization_histories_orphan_client", "immunization_histories", "row_number_text", "client_id", "not is_known_client"],
    ["immunization_histories_unexplained_text", "immunization_histories", "row_number_text", "unexplained_text", "unexplained_text is not null"]
] -%}
with school_year as (
    select * from {{ ref('int_school_year') }}
),

clients as (
    select * from {{ ref('stg_panorama__clients') }}
),

schools as (
    select * from {{ ref('stg_panorama__schools') }}
),

education_records as (
    select * from {{ ref('stg_panorama__education_records') }}
),

immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

exemptions as (
    select * from {{ ref('stg_panorama__exemptions') }}
),

surplus_rows as (
    select * from {{ ref('int_surplus_rows') }}
),

selected_clients as (
    select * from {{ ref('int_clients_selected') }}
),

students as (
    select * from {{ ref('int_students') }}
),

agents_of_another_year as (
    select distinct agent
    from {{ ref('int_agents') }}
    where is_of_another_year
),

immunization_histories as (
    select * from {{ ref('base_panorama__immunization_histories') }}
    where not_in_force is null
),

public_health_units as (
    select * from {{ ref('int_public_health_units') }}
),

public_health_units_to_come as (
    select * from {{ ref('int_public_health_units_to_come') }}
),

school_types as (
    select distinct {{ normalized_label('school_type') }} as school_type_label
    from {{ ref('school_type_priorities') }}
),

pseudo_schools as (
    select {{ normalized_label('school_name') }} as school_name_label
    from {{ ref('pseudo_schools') }}
),

exemption_labels as (
    select distinct exemption_antigen_label
    from {{ ref('int_exemption_antigens') }}
    where is_known
),

exemption_reasons as (
    select distinct {{ normalized_label('reason') }} as reason_label
    from {{ ref('exemption_reasons') }}
),

checked_clients as (
    select
        clients.*,
        selected_clients.client_id is not null as is_selected,
        students.client_id is not null as is_student,
        coalesce(
            clients.date_of_birth < date '1900-01-01'
            or clients.date_of_birth > date '{{ run_started_at.strftime("%Y-%m-%d") }}',
            false
        ) as is_birth_impossible
    from clients
    left join selected_clients
        on clients.client_id = selected_clients.client_id
    left join students
        on clients.client_id = students.client_id
),

checked_schools as (
    select
        schools.*,
        school_types.school_type_label is not null or coalesce(schools.school_type_label = 'other', false) as is_known_type,
        public_health_units.phu_id is not null as is_known_phu,
        public_health_units_to_come.phu_id is not null as is_phu_to_come,
        pseudo_schools.school_name_label is not null as is_pseudo_school
    from schools
    left join school_types
        on schools.school_type_label = school_types.school_type_label
    left join public_health_units
        on schools.public_health_unit_label = public_health_units.public_health_unit_label
    left join public_health_units_to_come
        on schools.public_health_unit_label = public_health_units_to_come.public_health_unit_label
    left join pseudo_schools
        on {{ normalized_label('schools.school_name') }} = pseudo_schools.school_name_label
),

checked_education_records as (
    select /*+ broadcast(schools) */
        education_records.*,
        schools.public_health_unit,
        clients.client_id is not null as is_known_client,
        schools.school_id is not null as is_known_school,
        coalesce(schools.is_known_phu, false) as is_known_phu
    from education_records
    left join clients
        on education_records.client_id = clients.client_id
    left join checked_schools as schools
        on education_records.school_id = schools.school_id
),

-- The largest extract is read once; rows without a finding are dropped here.
checked_immunizations as (
    select
        immunizations.source_row_number,
        immunizations.immunization_id,
        immunizations.client_id,
        immunizations.agent,
        immunizations.administered_date,
        immunizations.administered_date_unparsed,
        immunizations.recorded_date_unparsed,
        clients.student_key is not null as is_known_client,
        agents_of_another_year.agent is not null as is_agent_of_another_year,
        coalesce(immunizations.administered_date < clients.date_of_birth, false) as is_before_birth,
        coalesce(immunizations.administered_date > school_year.assessment_date, false) as is_after_assessment_date,
        coalesce(immunizations.administered_date > date '{{ run_started_at.strftime("%Y-%m-%d") }}', false) as is_after_build
    from immunizations
    cross join school_year
    left join clients
        on immunizations.student_key = clients.student_key
    left join agents_of_another_year
        on immunizations.agent = agents_of_another_year.agent
    where
        immunizations.immunization_id is null
        or immunizations.administered_date is null
        or immunizations.recorded_date_unparsed is not null
        or clients.student_key is null
        or agents_of_another_year.agent is not null
        or immunizations.administered_date < clients.date_of_birth
        or immunizations.administered_date > school_year.assessment_date
        or immunizations.administered_date > date '{{ run_started_at.strftime("%Y-%m-%d") }}'
),

checked_exemptions as (
    select
        exemptions.*,
        clients.client_id is not null as is_known_client,
        exemption_labels.exemption_antigen_label is not null as is_known_antigen,
        exemption_reasons.reason_label is not null as is_known_reason
    from exemptions
    left join clients
        on exemptions.client_id = clients.client_id
    left join exemption_labels
        on exemptions.exemption_antigen_label = exemption_labels.exemption_antigen_label
    left join exemption_reasons
        on exemptions.reason_label = exemption_reasons.reason_label
),

checked_immunization_histories as (
    select
        histories.source_row_number,
        histories.client_id,
        histories.unexplained_text,
        cast(histories.source_row_number as {{ dbt.type_string() }}) as row_number_text,
        clients.client_id is not null as is_known_client
    from immunization_histories as histories
    left join clients
        on histories.client_id = clients.client_id
),

findings as (
    select
        concat(extract_name, case when is_exact_copy then '_exact_copy' else '_repeated_id' end) as check_name,
        row_id,
        row_id as value,
        source_row_number
    from surplus_rows
    union all
    select
        concat(extract_name, '_not_in_force') as check_name,
        row_id,
        not_in_force as value,
        source_row_number
    from {{ ref('int_extract_rows') }}
    where not_in_force is not null
    {%- for extract_name, checks_of_extract in checks | groupby(1) %}
    {%- set rows = [] %}
    {%- for check_name, _, id_column, value, condition in checks_of_extract %}
    {%- do rows.append([
        condition, "'" ~ check_name ~ "'", id_column, 'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')', 'source_row_number'
    ]) %}
    {%- endfor %}
    union all
    {{ unpivoted('checked_' ~ extract_name, keys=[], columns=['check_name', 'row_id', 'value', 'source_row_number'], rows=rows) }}
    {%- endfor %}
),

checks as (
    select * from {{ ref('data_quality_checks') }}
),

final as (
    select
        school_year.school_year,
        findings.check_name,
        checks.table_name,
        findings.row_id,
        findings.source_row_number,
        checks.column_name,
        findings.value,
        checks.description as reason
    from findings
    cross join school_year
    left join checks
        on findings.check_name = checks.check_name
)

select * from final
