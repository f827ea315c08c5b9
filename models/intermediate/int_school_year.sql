with rules as (
    select
        dose_rules.antigen,
        max(case when {{ holds_in(school_year(), 'dose_rules') }} then 1 else 0 end) as holds,
        min(dose_rules.school_year_from) as first_year,
        max(dose_rules.school_year_before) - 1 as last_year
    from {{ ref('dose_rules') }} as dose_rules
    group by dose_rules.antigen
),

gate as (
    select
        case
            when min(holds) = 0
                then {{ stop_build(
                    "'No definitions for the school year " ~ school_year() ~ ": the rules in seeds/annex/dose_rules.csv hold for "
                    ~ "the school years ' || cast(max(first_year) as " ~ dbt.type_string() ~ ") || ' to ' || cast(min(last_year) as "
                    ~ dbt.type_string() ~ ") || '. Add rows for this year, or say in school_year_from and school_year_before which "
                    ~ "years a definition is taken for.'"
                ) }}
            else '{{ school_year() }}-{{ '%02d' % ((school_year() + 1) % 100) }}'
        end as school_year
    from rules
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
