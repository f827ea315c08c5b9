-- No text of a table that leaves the person-level schema is an id of a client, dose, exemption or education record. The columns
-- come from the catalogue, so that a new one is looked at too; a school's id may happen to be a client's, both being
-- numbers, and an id without a digit may happen to be a word of the tables, such as the name of a column.
{%- set columns = [] -%}
{%- if execute -%}
{%- for node in graph.nodes.values()
    if node.resource_type == 'model' and node.config.schema in ['marts', 'published', 'schools'] and node.package_name == project_name -%}
{%- for column in adapter.get_columns_in_relation(api.Relation.create(
    database=node.database, schema=node.schema, identifier=node.alias
)) if (column.is_string() or column.dtype == 'string') and column.name not in ['school_id', 'column_name'] -%}
{%- do columns.append([node.schema ~ '.' ~ node.alias, column.name]) -%}
{%- endfor -%}
{%- endfor -%}
{%- endif %}

with published_texts as (
    select
        'none' as column_name,
        cast(null as {{ dbt.type_string() }}) as text_value
    {%- for table_name, column_name in columns %}
    union
    select
        '{{ table_name }}.{{ column_name }}' as column_name,
        {{ adapter.quote(column_name) }} as text_value
    from {{ table_name }}
    {%- endfor %}
),

person_ids as (
    select client_id as person_id from {{ ref('stg_panorama__clients') }}
    union all
    select immunization_id as person_id from {{ ref('stg_panorama__immunizations') }}
    union all
    select exemption_id as person_id from {{ ref('stg_panorama__exemptions') }}
    union all
    select education_record_id as person_id from {{ ref('stg_panorama__education_records') }}
)

-- depends_on: {{ ref('builds') }}, {{ ref('build_measures') }}, {{ ref('data_quality') }}
-- depends_on: {{ ref('school_assignment') }}, {{ ref('coverage') }}
-- depends_on: {{ ref('coverage_all_ispa') }}, {{ ref('series_uptake') }}, {{ ref('antigen_definitions') }}
-- depends_on: {{ ref('published_measures') }}, {{ ref('published_school_assignment') }}, {{ ref('releases') }}
-- depends_on: {{ ref('published_antigen_definitions') }}, {{ ref('data_dictionary') }}
-- depends_on: {{ ref('exemptions_by_antigen') }}, {{ ref('exemptions_any_ispa') }}, {{ ref('exemptions_by_status') }}
-- depends_on: {{ ref('not_up_to_date_reasons') }}, {{ ref('dose_coverage') }}, {{ ref('timeliness') }}, {{ ref('reporting') }}
-- depends_on: {{ ref('school_coverage') }}, {{ ref('school_zero_dose') }}
-- depends_on: {{ ref('coverage_by_birthday') }}, {{ ref('zero_dose') }}, {{ ref('invalid_doses') }}, {{ ref('doses_needed') }}
-- depends_on: {{ ref('coverage_by_age_in_months') }}, {{ ref('coverage_within_reach') }}, {{ ref('near_misses') }}
-- depends_on: {{ ref('missed_visits') }}
select distinct published_texts.column_name
from published_texts
inner join person_ids
    on published_texts.text_value = person_ids.person_id
where translate(published_texts.text_value, '0123456789', '') <> published_texts.text_value
