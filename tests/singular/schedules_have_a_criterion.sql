-- In the school year, a schedule that has dose rules has a criterion: without one its valid doses would make nobody up to date.
with criteria as (
    {{ rules_in_force(ref('up_to_date_rules'), ref('int_school_year')) }}
),

rules as (
    {{ rules_in_force(ref('dose_rules'), ref('int_school_year')) }}
)

select distinct
    'dose_rules' as table_name,
    rules.antigen,
    rules.schedule,
    'has dose rules, but no row of up_to_date_rules.csv in the school year {{ definitions_year(var('school_year')) }}' as problem
from rules
left join criteria
    on
        rules.antigen = criteria.antigen
        and rules.schedule = criteria.schedule
where criteria.schedule is null
