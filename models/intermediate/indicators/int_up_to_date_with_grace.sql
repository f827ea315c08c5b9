with criteria as (
    {{ rules_in_force(ref('int_up_to_date_rules'), ref('int_school_year')) }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

series as (
    select * from {{ ref('int_series_with_grace') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select distinct
        open_antigens.student_key,
        open_antigens.antigen
    from open_antigens
    cross join school_year
    inner join series
        on
            open_antigens.student_key = series.student_key
            and open_antigens.antigen = series.antigen
    inner join criteria as rules
        on
            series.antigen = rules.antigen
            and series.schedule = rules.schedule
            and series.valid_doses >= rules.valid_doses
            and (rules.age is null or open_antigens.age = rules.age)
    where {{ conditions_met(criterion_conditions('open_antigens'), var('grace_days') | int) }}
)

select * from final
