{%- set antigens = [
    'diphtheria', 'hib', 'hepatitis_b', 'hpv', 'measles', 'mcc', 'mcv4', 'mumps', 'pertussis', 'pneumococcal', 'polio',
    'rubella', 'tetanus', 'varicella'
] -%}
with final as (
    {%- for antigen in antigens %}
    select * from {{ ref('int_' ~ antigen ~ '__valid_doses') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
