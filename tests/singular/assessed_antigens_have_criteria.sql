-- Every antigen that is assessed at an age in the school year has a criterion for that age.
with assessed as (
    select
        assessed_antigens.antigen,
        assessed_antigens.age
    from {{ ref('assessed_antigens') }} as assessed_antigens
    cross join {{ ref('int_school_year') }} as school_year
    where {{ holds_in('school_year.first_year', 'assessed_antigens') }}
),

criteria as (
    select
        rules.antigen,
        rules.age
    from {{ ref('up_to_date_rules') }} as rules
    cross join {{ ref('int_school_year') }} as school_year
    where {{ holds_in('school_year.first_year', 'rules') }}
)

select assessed.*
from assessed
left join criteria
    on
        assessed.antigen = criteria.antigen
        and (criteria.age is null or assessed.age = criteria.age)
where criteria.antigen is null
