-- Every antigen that is assessed at an age in the school year has a criterion for that age.
with criteria as (
    select
        rules.antigen,
        rules.age
    from {{ ref('up_to_date_rules') }} as rules
    where {{ holds_in(school_year(), 'rules') }}
)

select
    'assessed_antigens' as table_name,
    assessed_antigens.antigen,
    assessed_antigens.age,
    'has no criterion for this age in up_to_date_rules.csv in the school year {{ school_year() }}' as problem
from {{ ref('assessed_antigens') }} as assessed_antigens
left join criteria
    on
        assessed_antigens.antigen = criteria.antigen
        and (criteria.age is null or assessed_antigens.age = criteria.age)
where
    {{ holds_in(school_year(), 'assessed_antigens') }}
    and criteria.antigen is null
