{%- set tables_by_antigen = ['dose_rules', 'up_to_date_rules', 'antigen_agents', 'assessed_antigens', 'antigen_statements'] -%}
{%- set other_tables = ['exemption_labels', 'exemption_reasons'] -%}
with rules as (
    {%- for table_name in tables_by_antigen + other_tables %}
    select
        '{{ table_name }}' as table_name,
        {{ 'rules.antigen' if table_name in tables_by_antigen else "'all'" }} as antigen,
        rules.school_year_from,
        rules.school_year_before,
        case when {{ holds_in(school_year(), 'rules') }} then 1 else 0 end as holds
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
        max(school_year_before) - 1 as last_year
    from rules
    group by table_name, antigen
),

gate as (
    select
        case
            when min(holds) = 0
                then {{ stop_build(
                    "concat('No definitions for the school year " ~ school_year() ~ ": seeds/annex/', min(case when holds = 0 then "
                    ~ "table_name end), '.csv holds for the school years ', cast(max(first_year) as " ~ dbt.type_string()
                    ~ "), ' to ', cast(min(last_year) as " ~ dbt.type_string() ~ "), '. Add rows for this year, or say in "
                    ~ "school_year_from and school_year_before which years a definition is taken for.')"
                ) }}
            else '{{ school_year() }}-{{ '%02d' % ((school_year() + 1) % 100) }}'
        end as school_year
    from years
),

final as (
    select
        cast(gate.school_year as {{ dbt.type_string() }}) as school_year,
        {{ school_year() }} as first_year,
        date '{{ school_year() }}-09-01' as first_day,
        date '{{ school_year() + 1 }}-06-30' as attendance_date,
        date '{{ school_year() + 1 }}-08-31' as assessment_date
    from gate
)

select * from final
