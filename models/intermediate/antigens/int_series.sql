{%- set antigens = [
    'diphtheria', 'hib', 'hepatitis_b', 'hpv', 'measles', 'mcc', 'mcv4', 'mumps', 'pertussis', 'pneumococcal', 'polio',
    'rubella', 'tetanus', 'varicella'
] -%}
with final as (
    {%- for antigen in antigens %}
    select
        student_key,
        antigen,
        schedule,
        {%- for slot in range(1, slot_count() + 1) %}
        dose_{{ slot }}_date,
        {%- endfor %}
        concat_ws(
            ' '
            {%- for slot in range(1, slot_count() + 1) %},
            dose_{{ slot }}_rule_id
            {%- endfor %}
        ) as rule_ids,
        first_dose_agent_label
    from {{ ref('int_' ~ antigen ~ '__valid_doses') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
