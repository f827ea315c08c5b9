{#- Checks of coded columns: their findings are counted by spelling. -#}
{%- set string = dbt.type_string() -%}
{%- set value_columns = {
    'immunizations_unknown_agent': 'agent', 'exemptions_unknown_antigen': 'exemption_antigen',
    'exemptions_unknown_reason': 'reason', 'schools_unknown_type': 'school_type', 'schools_unknown_phu': 'public_health_unit',
    'education_records_unknown_phu': 'public_health_unit', 'clients_unknown_status': 'client_status',
    'clients_unknown_gender': 'gender'
} -%}
with checks as (
    select * from {{ ref('data_quality_checks') }}
),

findings as (
    select * from {{ ref('int_findings_counted') }}
),

files as (
    select * from {{ ref('int_extract_files') }}
),

students as (
    select * from {{ ref('int_students') }}
),

students_without_doses as (
    select * from {{ ref('int_students_without_doses') }}
),

selected_clients as (
    select * from {{ ref('int_clients_selected') }}
),

education_records as (
    select * from {{ ref('stg_panorama__education_records') }}
),

exemptions as (
    select * from {{ ref('stg_panorama__exemptions') }}
),

immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

unknown_agents as (
    select * from {{ ref('int_unknown_agents') }}
),

agents as (
    select distinct
        agent,
        records,
        is_of_another_year
    from {{ ref('int_agents') }}
),

antigens_of_agents as (
    select distinct
        agent,
        antigen
    from {{ ref('int_antigen_agents') }}
    where is_relevant
),

antigens_of_known_agents as (
    {{ rules_in_force(ref('antigen_agents'), ref('int_school_year')) }}
),

public_health_units as (
    select * from {{ ref('int_public_health_units') }}
),

public_health_units_to_come as (
    select * from {{ ref('int_public_health_units_to_come') }}
),

parts_of_other_years as (
    select * from {{ ref('int_parts_of_other_years') }}
),

exemption_labels as (
    {{ rules_in_force(ref('exemption_labels'), ref('int_school_year')) }}
),

exemption_reasons as (
    {{ rules_in_force(ref('exemption_reasons'), ref('int_school_year')) }}
),

school_type_priorities as (
    select * from {{ ref('school_type_priorities') }}
),

assessed_antigens as (
    {{ rules_in_force(ref('assessed_antigens'), ref('int_school_year')) }}
),

values_outside_annex as (
    select
        column_name,
        {{ normalized_label('value') }} as value_label
    from {{ ref('values_outside_annex') }}
),

id_damages as (
    select * from {{ ref('id_damages') }}
),

date_shape_kinds as (
    select * from {{ ref('date_shape_kinds') }}
),

ids_compared as (
    select * from {{ ref('int_ids_compared') }}
),

extract_year as (
    select * from {{ ref('int_extract_year') }}
),

builds as (
    select * from {{ ref('builds') }}
),

last_build as (
    select * from {{ ref('int_last_build') }}
),

build_measures as (
    select * from {{ ref('build_measures') }}
),

rows_by_extract as (
    select
        extract_name,
        cast(sum(row_count) as bigint) as row_count
    from files
    group by extract_name
),

value_columns as (
    {%- for check_name, column_name in value_columns.items() %}
    select
        '{{ check_name }}' as check_name,
        '{{ column_name }}' as column_name
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- What another school year knows has checks of its own, and is no spelling to mend.
values_of_other_years as (
    select
        'public_health_unit' as column_name,
        public_health_unit_label as value_label
    from public_health_units_to_come
    union
    select
        'agent' as column_name,
        {{ normalized_label('agent') }} as value_label
    from agents
    where is_of_another_year
),

values_passed_over as (
    select
        column_name,
        value_label
    from values_outside_annex
    union
    select
        column_name,
        value_label
    from values_of_other_years
),

-- Findings of coded columns by spelling, with what is known to be none of the annex's.
spellings as (
    select
        findings.check_name,
        findings.table_name,
        findings.value,
        value_columns.column_name,
        {{ normalized_label('findings.value') }} as value_label,
        cast(sum(findings.row_count) as bigint) as row_count
    from findings
    inner join value_columns
        on findings.check_name = value_columns.check_name
    group by findings.check_name, findings.table_name, findings.value, value_columns.column_name
),

judged_spellings as (
    select
        spellings.check_name,
        spellings.table_name,
        spellings.value,
        spellings.column_name,
        spellings.value_label,
        spellings.row_count
    from spellings
    left join values_passed_over
        on
            spellings.column_name = values_passed_over.column_name
            and spellings.value_label = values_passed_over.value_label
    where values_passed_over.value_label is null
),

rows_with_both_dates as (
    select
        'education_records' as table_name,
        source_row_number
    from education_records
    where
        effective_from is not null
        and effective_to is not null
    union all
    select
        'exemptions' as table_name,
        source_row_number
    from exemptions
    where
        effective_from is not null
        and effective_to is not null
),

periods_by_file as (
    select
        files.extract_name,
        files.file,
        count(*) as row_count
    from rows_with_both_dates
    inner join files
        on
            rows_with_both_dates.table_name = files.extract_name
            and rows_with_both_dates.source_row_number between files.first_row and files.last_row
    group by files.extract_name, files.file
),

-- With a single file this repeats the check of the whole extract, except where known values outside the annex are excluded.
parts_by_file as (
    select
        checks.check_name,
        findings.file as part,
        coalesce(max(periods_by_file.row_count), max(findings.rows_of_file)) as rows_checked,
        cast(sum(findings.row_count) as bigint) as rows_failed,
        cast(null as {{ string }}) as remark
    from findings
    inner join checks
        on
            findings.check_name = checks.part_of
            and checks.part = 'file'
    left join value_columns
        on findings.check_name = value_columns.check_name
    left join judged_spellings
        on
            findings.check_name = judged_spellings.check_name
            and coalesce(findings.value, '') = coalesce(judged_spellings.value, '')
    left join periods_by_file
        on
            findings.check_name like '%_inverted_period'
            and findings.table_name = periods_by_file.extract_name
            and findings.file = periods_by_file.file
    where
        findings.file is not null
        and (
            (value_columns.check_name is null and findings.files_of_extract > 1)
            or judged_spellings.check_name is not null
        )
    group by checks.check_name, findings.file
),

unread_dates as (
    select
        findings.check_name,
        findings.file,
        findings.value,
        max(findings.rows_of_file) as rows_of_file,
        cast(sum(findings.row_count) as bigint) as row_count
    from findings
    where
        findings.check_name like '%_not_a_date'
        and findings.file is not null
    group by findings.check_name, findings.file, findings.value
),

shaped_dates as (
    select
        *,
        {{ date_shape('value') }} as shape
    from unread_dates
),

kinds_of_dates as (
    select
        *,
        {{ date_shape_kind('value', 'shape') }} as kind
    from shaped_dates
),

parts_by_shape as (
    select
        checks.check_name,
        concat(left(dates.shape, 30), ' in ', dates.file) as part,
        max(dates.rows_of_file) as rows_checked,
        cast(sum(dates.row_count) as bigint) as rows_failed,
        max(kinds.sentence) as remark
    from kinds_of_dates as dates
    inner join checks
        on
            dates.check_name = checks.part_of
            and checks.part = 'shape'
    inner join date_shape_kinds as kinds
        on dates.kind = kinds.kind
    group by checks.check_name, left(dates.shape, 30), dates.file
),

known_values as (
    select
        'exemption_antigen' as column_name,
        exemption_antigen as known_value
    from exemption_labels
    union
    select
        'reason' as column_name,
        reason as known_value
    from exemption_reasons
    union
    select
        'school_type' as column_name,
        school_type as known_value
    from school_type_priorities
    union
    select
        'public_health_unit' as column_name,
        phu_name as known_value
    from public_health_units
),

known_labels as (
    select
        column_name,
        known_value,
        {{ normalized_label('known_value') }} as known_label
    from known_values
),

-- More edits than half of the letters are not a misspelling.
nearest_values as (
    select
        spellings.column_name,
        spellings.value,
        {{ first_by('known.known_value', ['levenshtein(spellings.value_label, known.known_label)', 'known.known_value']) }}
            as nearest_value
    from judged_spellings as spellings
    inner join known_labels as known
        on spellings.column_name = known.column_name
    where 2 * levenshtein(spellings.value_label, known.known_label) <= length(spellings.value_label)
    group by spellings.column_name, spellings.value
    union
    select
        'agent' as column_name,
        agent as value,
        nearest_agent as nearest_value
    from unknown_agents
    where nearest_agent is not null
),

parts_by_value as (
    select
        checks.check_name,
        concat('''', min(spellings.value), '''') as part,
        max(rows_by_extract.row_count) as rows_checked,
        cast(sum(spellings.row_count) as bigint) as rows_failed,
        case when min(nearest_values.nearest_value) is not null then concat('nearest: ', min(nearest_values.nearest_value)) end
            as remark
    from judged_spellings as spellings
    inner join checks
        on
            spellings.check_name = checks.part_of
            and checks.part = 'value'
    inner join rows_by_extract
        on spellings.table_name = rows_by_extract.extract_name
    left join nearest_values
        on
            spellings.column_name = nearest_values.column_name
            and spellings.value = nearest_values.value
    where spellings.value is not null
    group by checks.check_name, spellings.value_label
),

doses_by_antigen as (
    select
        antigens_of_agents.antigen,
        cast(sum(agents.records) as bigint) as doses
    from antigens_of_agents
    inner join agents
        on antigens_of_agents.agent = agents.agent
    group by antigens_of_agents.antigen
),

unknown_doses_by_antigen as (
    select
        antigens.antigen,
        cast(sum(unknown_agents.records) as bigint) as doses
    from (
        select distinct
            agent,
            antigen
        from antigens_of_known_agents
        where is_relevant
    ) as antigens
    inner join unknown_agents
        on antigens.agent = unknown_agents.nearest_agent
    inner join judged_spellings
        on
            judged_spellings.check_name = 'immunizations_unknown_agent'
            and unknown_agents.agent = judged_spellings.value
    group by antigens.antigen
),

doses_without_date as (
    select
        antigens_of_agents.antigen,
        count(*) as doses
    from immunizations
    inner join antigens_of_agents
        on immunizations.agent = antigens_of_agents.agent
    where immunizations.administered_date is null
    group by antigens_of_agents.antigen
),

parts_by_antigen as (
    select
        'immunizations_unknown_agent_by_antigen' as check_name,
        unknown_doses.antigen as part,
        unknown_doses.doses + coalesce(doses_by_antigen.doses, 0) as rows_checked,
        unknown_doses.doses as rows_failed,
        cast(null as {{ string }}) as remark
    from unknown_doses_by_antigen as unknown_doses
    left join doses_by_antigen
        on unknown_doses.antigen = doses_by_antigen.antigen
    union all
    select
        'immunizations_administered_date_missing_by_antigen' as check_name,
        doses_without_date.antigen as part,
        doses_by_antigen.doses as rows_checked,
        doses_without_date.doses as rows_failed,
        cast(null as {{ string }}) as remark
    from doses_without_date
    inner join doses_by_antigen
        on doses_without_date.antigen = doses_by_antigen.antigen
),

parts_by_damage as (
    select
        concat(ids.check_name, '_by_damage') as check_name,
        concat(
            ids.damaged_extract,
            case when ids.damaged_file is not null then concat(' (', ids.damaged_file, ')') else '' end,
            ', ',
            ids.column_name,
            ': ids that ',
            id_damages.sentence
        ) as part,
        rows_by_extract.row_count as rows_checked,
        ids.row_count as rows_failed,
        concat(
            cast(ids.ids as {{ string }}), ' ids of ', ids.table_name, ' are not found in ', ids.known_extract, '. ',
            id_damages.cause, ' ', id_damages.remedy
        ) as remark
    from ids_compared as ids
    inner join id_damages
        on ids.damage = id_damages.damage
    inner join rows_by_extract
        on ids.table_name = rows_by_extract.extract_name
),

students_by_age as (
    select
        age,
        count(*) as students
    from students
    group by age
),

without_doses_by_age as (
    select
        age,
        sum(students) as students,
        sum(students_without_dose) as students_without_dose
    from students_without_doses
    group by age
),

unit_names as (
    select distinct
        phu_id,
        phu_name
    from public_health_units
),

without_doses_by_unit as (
    select
        unit_names.phu_name,
        sum(students_without_doses.students) as students,
        sum(students_without_doses.students_without_dose) as students_without_dose
    from students_without_doses
    inner join unit_names
        on students_without_doses.phu_id = unit_names.phu_id
    group by unit_names.phu_name
),

clients_assigned_by_age as (
    select
        selected_clients.age,
        count(*) as clients,
        sum(case when students.student_key is null then 1 else 0 end) as clients_without_record
    from selected_clients
    left join students
        on selected_clients.student_key = students.student_key
    group by selected_clients.age
),

clients_assigned as (
    select
        sum(clients) as clients,
        sum(clients_without_record) as clients_without_record
    from clients_assigned_by_age
),

-- Ages well above the average of all ages, which the check of the whole extract covers.
ages_unlike_others as (
    select clients_assigned_by_age.*
    from clients_assigned_by_age
    cross join clients_assigned
    where
        clients_assigned_by_age.clients_without_record * clients_assigned.clients * 2
        > clients_assigned.clients_without_record * clients_assigned_by_age.clients * 3
),

parts_of_students as (
    select
        'students_without_doses' as check_name,
        'all' as part,
        sum(students) as rows_checked,
        sum(students_without_dose) as rows_failed,
        cast(null as {{ string }}) as remark
    from without_doses_by_age
    having count(*) > 0
    union all
    select
        'students_without_doses_by_age' as check_name,
        concat('age ', cast(age as {{ string }})) as part,
        students as rows_checked,
        students_without_dose as rows_failed,
        cast(null as {{ string }}) as remark
    from without_doses_by_age
    union all
    select
        'students_without_doses_by_unit' as check_name,
        phu_name as part,
        students as rows_checked,
        students_without_dose as rows_failed,
        cast(null as {{ string }}) as remark
    from without_doses_by_unit
    union all
    select
        'clients_without_usable_education_record' as check_name,
        'all' as part,
        sum(clients) as rows_checked,
        sum(clients_without_record) as rows_failed,
        cast(null as {{ string }}) as remark
    from clients_assigned_by_age
    having count(*) > 0
    union all
    select
        'clients_without_usable_education_record_by_age' as check_name,
        concat('age ', cast(age as {{ string }})) as part,
        clients as rows_checked,
        clients_without_record as rows_failed,
        cast(null as {{ string }}) as remark
    from ages_unlike_others
),

periods as (
    select
        extract_name,
        cast(sum(row_count) as bigint) as row_count
    from periods_by_file
    group by extract_name
),

inverted as (
    select
        table_name,
        cast(sum(row_count) as bigint) as row_count
    from findings
    where check_name in ('education_records_inverted_period', 'exemptions_inverted_period')
    group by table_name
),

parts_of_periods as (
    select
        concat(periods.extract_name, '_inverted_period') as check_name,
        'all' as part,
        periods.row_count as rows_checked,
        coalesce(inverted.row_count, 0) as rows_failed,
        cast(null as {{ string }}) as remark
    from periods
    left join inverted
        on periods.extract_name = inverted.table_name
),

largest_age as (
    select coalesce(max(students), 0) as students from students_by_age
),

reported_ages as (
    select age
    from assessed_antigens
    group by age
    having count(*) > 1
),

parts_of_years as (
    select
        'students_of_an_age_missing' as check_name,
        concat('age ', cast(reported_ages.age as {{ string }})) as part,
        1 as rows_checked,
        case
            when coalesce(students_by_age.students, 0) = 0 or students_by_age.students < 0.05 * largest_age.students then 1
            else 0
        end as rows_failed,
        concat(
            cast(coalesce(students_by_age.students, 0) as {{ string }}), ' students; the largest age has ',
            cast(largest_age.students as {{ string }})
        ) as remark
    from reported_ages
    cross join largest_age
    left join students_by_age
        on reported_ages.age = students_by_age.age
    union all
    select
        'extracts_of_another_school_year' as check_name,
        concat('the extracts are of the school year ', cast(extract_year as {{ string }})) as part,
        1 as rows_checked,
        case when extract_year <> built_year then 1 else 0 end as rows_failed,
        concat(
            'the build is of the school year ', cast(built_year as {{ string }}), '. Continue with: icw build --school-year ',
            cast(extract_year as {{ string }})
        ) as remark
    from extract_year
    where extract_year is not null
    {%- if var('recorded_by') == 'any_day' %}
    union all
    select
        'immunizations_none_in_school_year' as check_name,
        concat(
            'no dose after 31 August ', cast(built_year as {{ string }}), '; the latest school year with doses begins in ',
            coalesce(cast(latest_year_of_doses as {{ string }}), 'none')
        ) as part,
        doses as rows_checked,
        case when doses_since_first_day > 1 then doses - doses_since_first_day else doses end as rows_failed,
        cast(null as {{ string }}) as remark
    from extract_year
    where doses > 0
    {%- endif %}
),

measures_now as (
    select * from build_measures
    where build_id = {{ build_id() }}
),

measures_then as (
    select build_measures.*
    from build_measures
    inner join last_build
        on build_measures.build_id = last_build.build_id
),

measures_compared as (
    select
        measures_now.age,
        measures_now.antigen,
        measures_now.students,
        measures_then.students as students_then,
        {{ percent('measures_now.students_up_to_date', 'measures_now.students') }} as coverage_percent,
        {{ percent('measures_then.students_up_to_date', 'measures_then.students') }} as coverage_percent_then
    from measures_then
    inner join measures_now
        on
            measures_then.age = measures_now.age
            and coalesce(measures_then.antigen, '') = coalesce(measures_now.antigen, '')
            and measures_then.education_record_window = measures_now.education_record_window
            and measures_then.recorded_by = measures_now.recorded_by
    union all
    select
        measures_then.age,
        measures_then.antigen,
        cast(0 as bigint) as students,
        measures_then.students as students_then,
        cast(null as double) as coverage_percent,
        cast(null as double) as coverage_percent_then
    from measures_then
    left join measures_now
        on
            measures_then.age = measures_now.age
            and measures_now.antigen is null
    where
        measures_then.antigen is null
        and measures_now.age is null
),

parts_of_builds as (
    select
        'students_differ_from_last_build' as check_name,
        concat('age ', cast(age as {{ string }})) as part,
        students_then as rows_checked,
        least(abs(students - students_then), students_then) as rows_failed,
        concat(
            cast(students as {{ string }}), ' students, ', cast(students_then as {{ string }}), ' in the last build'
        ) as remark
    from measures_compared
    where antigen is null
    union all
    select
        'coverage_differs_from_last_build' as check_name,
        concat(antigen, ' at ', cast(age as {{ string }})) as part,
        students as rows_checked,
        cast(round(students * abs(coverage_percent - coverage_percent_then) / 100) as bigint) as rows_failed,
        concat(
            cast(cast(coverage_percent as decimal(4, 1)) as {{ string }}), ' %, ',
            cast(cast(coverage_percent_then as decimal(4, 1)) as {{ string }}), ' % in the last build'
        ) as remark
    from measures_compared
    where
        antigen is not null
        and coverage_percent is not null
        and coverage_percent_then is not null
),

extracts_compared as (
    select
        builds_now.extract_name,
        builds_now.row_count,
        builds_now.content_hash = builds_then.content_hash as is_same
    from builds as builds_now
    inner join builds as builds_then
        on builds_now.extract_name = builds_then.extract_name
    inner join last_build
        on builds_then.build_id = last_build.build_id
    where
        builds_now.build_id = {{ build_id() }}
        and builds_now.row_count > 0
        and not builds_now.is_demonstration
),

extracts_together as (
    select min(case when is_same then 1 else 0 end) as all_same from extracts_compared
),

-- Schools and exemptions can stay unchanged for a while; all five extracts together do not.
parts_of_unchanged_extracts as (
    select
        'extracts_unchanged' as check_name,
        extracts_compared.extract_name as part,
        extracts_compared.row_count as rows_checked,
        extracts_compared.row_count as rows_failed,
        'identical to the last build' as remark
    from extracts_compared
    cross join extracts_together
    where
        extracts_compared.is_same
        and (
            extracts_together.all_same = 1
            or extracts_compared.extract_name in ('clients', 'education_records', 'immunizations', 'immunization_histories')
        )
),

parts as (
    {%- set parts = [
        'parts_by_file', 'parts_by_shape', 'parts_by_value', 'parts_of_other_years', 'parts_by_antigen', 'parts_by_damage',
        'parts_of_students', 'parts_of_periods', 'parts_of_years', 'parts_of_builds', 'parts_of_unchanged_extracts'
    ] %}
    {%- for name in parts %}
    select * from {{ name }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        check_name,
        part,
        cast(rows_checked as bigint) as rows_checked,
        cast(rows_failed as bigint) as rows_failed,
        remark
    from parts
)

select * from final
