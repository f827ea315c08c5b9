{%- set of_year = definitions_year(var('school_year')) -%}
-- Every antigen that is assessed at an age in the school year has a criterion for that age.
with assessed_antigens as (
    {{ rules_in_force(ref('assessed_antigens'), ref('int_school_year')) }}
),

criteria as (
    {{ rules_in_force(ref('up_to_date_rules'), ref('int_school_year')) }}
)

select
    'assessed_antigens' as table_name,
    assessed_antigens.antigen,
    assessed_antigens.age,
    'has no criterion for this age in up_to_date_rules.csv in the school year {{ of_year }}' as problem
from assessed_antigens
left join criteria
    on
        assessed_antigens.antigen = criteria.antigen
        and (criteria.age is null or assessed_antigens.age = criteria.age)
where criteria.antigen is null
