{%- set of_year = definitions_year(var('school_year')) -%}
-- In the school year, every antigen for which exemptions are counted has a label by which their records are known.
with assessed_antigens as (
    {{ rules_in_force(ref('assessed_antigens'), ref('int_school_year')) }}
),

labels as (
    {{ rules_in_force(ref('exemption_labels'), ref('int_school_year')) }}
)

select
    'assessed_antigens' as table_name,
    assessed_antigens.antigen,
    assessed_antigens.age,
    'has is_exemption_applicable, but no is_exemption_label row in exemption_labels.csv in {{ of_year }}'
        as problem
from assessed_antigens
left join labels
    on
        assessed_antigens.antigen = labels.antigen
        and labels.is_exemption_label
where
    assessed_antigens.is_exemption_applicable
    and labels.antigen is null
