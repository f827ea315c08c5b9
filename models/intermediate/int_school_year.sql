{%- set tables_by_antigen = [
    'dose_rules', 'up_to_date_rules', 'antigen_agents', 'assessed_antigens', 'antigen_statements', 'exemption_labels'
] -%}
{%- set other_tables = ['exemption_reasons'] -%}
{%- set string = dbt.type_string() -%}
{%- set first_year = var('school_year') | int -%}
{%- set definitions_year = definitions_year(first_year) | int -%}
with school_years as (
    select * from {{ ref('school_years') }}
),

known_years as (
    select
        max(case when first_year = {{ first_year }} then school_year end) as school_year,
        max(case when first_year = {{ definitions_year }} then school_year end) as definitions,
        min(first_year) as first_known,
        max(first_year) as last_known
    from school_years
),

rules as (
    {%- for table_name in tables_by_antigen + other_tables %}
    select
        '{{ table_name }}' as table_name,
        {{ 'rules.antigen' if table_name in tables_by_antigen else 'cast(null as ' ~ string ~ ')' }} as antigen,
        rules.school_year_from,
        rules.school_year_before,
        case when {{ holds_in(definitions_year, 'rules') }} then 1 else 0 end as holds
    from {{ ref(table_name) }} as rules
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

years as (
    select
        table_name,
        antigen,
        max(holds) as holds,
        min(school_year_from) as first_year,
        max(school_year_before) - 1 as last_year,
        max(case when school_year_before <= {{ definitions_year }} then school_year_before - 1 end) as last_year_before,
        min(case when school_year_from > {{ definitions_year }} then school_year_from end) as first_year_after
    from rules
    group by table_name, antigen
),

assessed_antigens as (
    select distinct assessed_antigens.antigen
    from {{ ref('assessed_antigens') }} as assessed_antigens
    where {{ holds_in(definitions_year, 'assessed_antigens') }}
),

-- A year needs no rule for an antigen that it does not assess.
lacking as (
    select years.*
    from years
    left join assessed_antigens
        on years.antigen = assessed_antigens.antigen
    where
        years.holds = 0
        and (years.antigen is null or assessed_antigens.antigen is not null)
),

ended as (
    select
        count(*) as how_many,
        min(concat(
            'seeds/annex/', table_name, '.csv holds', coalesce(' for ' || antigen, ''), ' for the school years ',
            case
                when last_year_before is not null and first_year_after is not null
                    then concat(
                        'up to ', cast(last_year_before as {{ string }}), ' and from ', cast(first_year_after as {{ string }})
                    )
                when first_year is null then concat('up to ', cast(last_year as {{ string }}))
                when last_year is null then concat('from ', cast(first_year as {{ string }}))
                else concat(cast(first_year as {{ string }}), ' to ', cast(last_year as {{ string }}))
            end, '.'
        )) as sentence
    from lacking
),

gate as (
    select
        case
            when known_years.school_year is null or known_years.definitions is null
                then {{ stop_build(
                    "concat('No definitions for the school year ', case when known_years.school_year is null then '" ~ first_year
                    ~ "' else '" ~ definitions_year ~ "' end, ': seeds/annex/school_years.csv has ', "
                    ~ "cast(known_years.first_known as " ~ string ~ "), ' to ', cast(known_years.last_known as " ~ string
                    ~ "), '. Add a row for this year that says whose definitions are taken for it.')"
                ) }}
            when ended.how_many > 0
                then {{ stop_build(
                    "concat('No definitions for the school year " ~ definitions_year ~ ": ', ended.sentence, "
                    ~ "case when ended.how_many > 1 then concat(' The same is true of ', cast(ended.how_many - 1 as " ~ string
                    ~ "), ' other tables and antigens.') else '' end, ' Add rows for this year, or say in school_year_from and "
                    ~ "school_year_before which years a definition is taken for.')"
                ) }}
            else known_years.school_year
        end as school_year
    from ended
    cross join known_years
),

final as (
    select
        cast(gate.school_year as {{ string }}) as school_year,
        {{ first_year }} as first_year,
        date '{{ first_year }}-09-01' as first_day,
        date '{{ first_year + 1 }}-06-30' as attendance_date,
        date '{{ first_year + 1 }}-08-31' as assessment_date
    from gate
)

select * from final
