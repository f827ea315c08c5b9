{{ config(materialized='table', partition_by=none) }}
{#- A fixed number of decimals: the parts add up to the change exactly. -#}
{%- set points = 'decimal(18, 10)' -%}
with coverage as (
    select
        *,
        coalesce(phu_id, '') as unit_id,
        substring(definitions, 1, 7) as definitions_of,
        case when definitions like '%, recorded by %' then cast(substring(definitions, length(definitions) - 9) as date) end
            as recorded_by
    from {{ ref('coverage') }}
    where geography in ('province', 'phu')
),

builds as (
    select * from {{ ref('builds') }}
),

antigen_definitions as (
    select * from {{ ref('antigen_definitions') }}
    where
        definitions = school_year
        and coalesce(change, '') <> 'ended'
),

exemption_reasons as (
    select * from {{ ref('exemption_reasons') }}
),

public_health_units as (
    select * from {{ ref('public_health_units') }}
),

mergers as (
    select * from {{ ref('public_health_unit_mergers') }}
),

inputs as (
    select
        build_id,
        max(last_recorded_date) as last_recorded_date,
        concat(
            max(education_record_window), ' ', max(rules_hash), ' ', max(project_version), ' ',
            {{ joined_texts("concat(extract_name, ' ', cast(row_count as " ~ dbt.type_string() ~ "), ' ', cast(content_hash as "
                ~ dbt.type_string() ~ "))", ', ', 'extract_name') }}
        ) as what_was_built
    from builds
    group by build_id
),

builds_of_years as (
    select distinct
        school_year,
        cast(substring(school_year, 1, 4) as int) as first_year,
        build_id
    from coverage
    where definitions = school_year
),

years as (
    select
        builds_of_years.school_year,
        builds_of_years.first_year,
        inputs.what_was_built,
        {{ day_number('inputs.last_recorded_date') }} - {{ day_number('make_date(builds_of_years.first_year + 1, 8, 31)') }}
            as days_recorded
    from builds_of_years
    left join inputs
        on builds_of_years.build_id = inputs.build_id
),

pairs as (
    select
        later.school_year,
        later.first_year,
        later.days_recorded,
        earlier.school_year as school_year_before,
        earlier.first_year as first_year_before,
        earlier.days_recorded as days_recorded_before,
        case
            when later.days_recorded < earlier.days_recorded then later.days_recorded
            when later.days_recorded >= earlier.days_recorded then earlier.days_recorded
        end as reporting_days
    from years as later
    inner join years as earlier
        on later.first_year > earlier.first_year
),

-- Rows by other definitions, or as recorded by a day, of a build that had the year's extracts, rules and settings.
what_ifs as (
    select
        coverage.*,
        {{ day_number('coverage.recorded_by') }} - {{ day_number('make_date(years.first_year + 1, 8, 31)') }} as days_recorded
    from coverage
    inner join years
        on coverage.school_year = years.school_year
    inner join inputs
        on
            coverage.build_id = inputs.build_id
            and years.what_was_built = inputs.what_was_built
    where coverage.definitions <> coverage.school_year
),

definitions_of_antigens as (
    select
        school_year,
        antigen,
        {{ joined_texts("concat(rule_id, ': ', definition)", ' ', 'rule_id') }} as definitions
    from antigen_definitions
    group by school_year, antigen
),

reasons_of_years as (
    select
        years.school_year,
        {{ joined_texts(
            "concat(exemption_reasons.reason, ' ', exemption_reasons.exemption_type)", ', ', 'exemption_reasons.reason'
        ) }} as reasons
    from years
    inner join exemption_reasons
        on {{ holds_in('years.first_year', 'exemption_reasons') }}
    group by years.school_year
),

definitions_compared as (
    select
        pairs.school_year,
        pairs.school_year_before,
        later.antigen,
        later.definitions = earlier.definitions and reasons_later.reasons = reasons_earlier.reasons as is_same
    from pairs
    inner join definitions_of_antigens as later
        on pairs.school_year = later.school_year
    inner join definitions_of_antigens as earlier
        on
            pairs.school_year_before = earlier.school_year
            and later.antigen = earlier.antigen
    inner join reasons_of_years as reasons_later
        on pairs.school_year = reasons_later.school_year
    inner join reasons_of_years as reasons_earlier
        on pairs.school_year_before = reasons_earlier.school_year
),

-- The geographies of the earlier year as the later year has them: a merged unit counts in the one that it became part of.
geographies as (
    select
        pairs.*,
        'province' as geography,
        '' as unit_id,
        '' as unit_id_before
    from pairs
    union all
    select
        pairs.*,
        'phu' as geography,
        case when {{ holds_in('pairs.first_year', 'units') }} then units.phu_id else mergers.merged_into end as unit_id,
        units.phu_id as unit_id_before
    from pairs
    inner join public_health_units as units
        on {{ holds_in('pairs.first_year_before', 'units') }}
    left join mergers
        on units.phu_id = mergers.phu_id
),

before as (
    select
        geographies.school_year,
        geographies.school_year_before,
        geographies.geography,
        geographies.unit_id,
        coverage.age,
        coverage.antigen,
        sum(coverage.students) as students,
        {{ percent('sum(coverage.students_up_to_date)', 'sum(coverage.students)') }} as coverage_percent,
        case
            when max(geographies.days_recorded_before) = max(geographies.reporting_days) then 0
            else
                {{ percent('sum(coverage.students_up_to_date)', 'sum(coverage.students)') }}
                - {{ percent('sum(as_recorded.students_up_to_date)', 'sum(as_recorded.students)') }}
        end as gained
    from geographies
    inner join coverage
        on
            geographies.school_year_before = coverage.school_year
            and coverage.definitions = coverage.school_year
            and geographies.geography = coverage.geography
            and geographies.unit_id_before = coverage.unit_id
    left join what_ifs as as_recorded
        on
            coverage.school_year = as_recorded.school_year
            and as_recorded.definitions_of = as_recorded.school_year
            and geographies.reporting_days = as_recorded.days_recorded
            and coverage.geography = as_recorded.geography
            and coverage.unit_id = as_recorded.unit_id
            and coverage.age = as_recorded.age
            and coverage.antigen = as_recorded.antigen
    group by
        geographies.school_year, geographies.school_year_before, geographies.geography, geographies.unit_id, coverage.age,
        coverage.antigen
),

compared as (
    select
        coverage.build_id,
        pairs.school_year,
        pairs.school_year_before,
        pairs.reporting_days,
        coverage.geography,
        coverage.phu_id,
        coverage.phu_name,
        coverage.age,
        coverage.antigen,
        coverage.students,
        cast(before.students as bigint) as students_before,
        coverage.coverage_percent,
        before.coverage_percent as coverage_percent_before,
        case
            when definitions_compared.is_same then 0
            else coverage.coverage_percent - by_definitions.coverage_percent
        end as of_definitions,
        case
            when pairs.days_recorded = pairs.reporting_days then 0
            else coverage.coverage_percent - as_recorded.coverage_percent
        end - before.gained as of_reporting
    from pairs
    inner join coverage
        on
            pairs.school_year = coverage.school_year
            and coverage.definitions = coverage.school_year
    left join before
        on
            pairs.school_year = before.school_year
            and pairs.school_year_before = before.school_year_before
            and coverage.geography = before.geography
            and coverage.unit_id = before.unit_id
            and coverage.age = before.age
            and coverage.antigen = before.antigen
    left join definitions_compared
        on
            pairs.school_year = definitions_compared.school_year
            and pairs.school_year_before = definitions_compared.school_year_before
            and coverage.antigen = definitions_compared.antigen
    left join what_ifs as by_definitions
        on
            coverage.school_year = by_definitions.school_year
            and pairs.school_year_before = by_definitions.definitions_of
            and by_definitions.recorded_by is null
            and coverage.geography = by_definitions.geography
            and coverage.unit_id = by_definitions.unit_id
            and coverage.age = by_definitions.age
            and coverage.antigen = by_definitions.antigen
    left join what_ifs as as_recorded
        on
            coverage.school_year = as_recorded.school_year
            and as_recorded.definitions_of = as_recorded.school_year
            and pairs.reporting_days = as_recorded.days_recorded
            and coverage.geography = as_recorded.geography
            and coverage.unit_id = as_recorded.unit_id
            and coverage.age = as_recorded.age
            and coverage.antigen = as_recorded.antigen
),

-- Shares of the province's students: more students where coverage was high raise it though no unit has changed.
composition as (
    select
        units.school_year,
        units.school_year_before,
        units.age,
        units.antigen,
        sum(
            (
                cast(units.students as double) / nullif(province.students, 0)
                - cast(coalesce(units.students_before, 0) as double) / nullif(province.students_before, 0)
            ) * coalesce(units.coverage_percent_before, province.coverage_percent_before)
        ) as of_composition
    from compared as units
    inner join compared as province
        on
            units.school_year = province.school_year
            and units.school_year_before = province.school_year_before
            and units.age = province.age
            and units.antigen = province.antigen
            and province.geography = 'province'
    where units.geography = 'phu'
    group by units.school_year, units.school_year_before, units.age, units.antigen
),

parts as (
    select
        compared.*,
        cast(compared.coverage_percent as {{ points }}) - cast(compared.coverage_percent_before as {{ points }}) as change_points,
        cast(compared.of_definitions as {{ points }}) as definitions_points,
        cast(compared.of_reporting as {{ points }}) as reporting_points,
        cast(case when compared.geography = 'province' then composition.of_composition else 0 end as {{ points }})
            as composition_points
    from compared
    inner join composition
        on
            compared.school_year = composition.school_year
            and compared.school_year_before = composition.school_year_before
            and compared.age = composition.age
            and compared.antigen = composition.antigen
    where
        compared.coverage_percent is not null
        and compared.coverage_percent_before is not null
),

final as (
    select
        build_id,
        school_year,
        school_year as definitions,
        school_year_before,
        geography,
        phu_id,
        phu_name,
        age,
        antigen,
        students,
        students_before,
        coverage_percent,
        coverage_percent_before,
        cast(change_points as {{ points }}) as change_points,
        definitions_points,
        reporting_points,
        composition_points,
        cast(
            change_points - coalesce(definitions_points, 0) - coalesce(reporting_points, 0) - composition_points as {{ points }}
        ) as rest_points,
        reporting_days
    from parts
)

select * from final
