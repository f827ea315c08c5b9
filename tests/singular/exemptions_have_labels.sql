-- In the school year, every antigen for which exemptions are counted has a label by which their records are known.
with labels as (
    select rules.antigen
    from {{ ref('exemption_labels') }} as rules
    where
        rules.is_exemption_label
        and {{ holds_in(school_year(), 'rules') }}
)

select
    'assessed_antigens' as table_name,
    assessed_antigens.antigen,
    assessed_antigens.age,
    'has is_exemption_applicable, but no row of exemption_labels.csv is_exemption_label in the school year {{ school_year() }}'
        as problem
from {{ ref('assessed_antigens') }} as assessed_antigens
left join labels on assessed_antigens.antigen = labels.antigen
where
    assessed_antigens.is_exemption_applicable
    and {{ holds_in(school_year(), 'assessed_antigens') }}
    and labels.antigen is null
