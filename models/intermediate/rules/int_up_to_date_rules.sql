{#- A view: files have no type for periods. The linter takes the loops for badly indented.
-- sqlfluff:exclude_rules:layout.indent
-#}
{{ config(materialized='view') }}

with up_to_date_rules as (
    select * from {{ ref('up_to_date_rules') }}
),

final as (
    select
        up_to_date_rules.rule_id,
        up_to_date_rules.antigen,
        up_to_date_rules.age,
        up_to_date_rules.criterion_number,
        up_to_date_rules.schedule,
        up_to_date_rules.valid_doses,
        up_to_date_rules.reference_dose_number,
        up_to_date_rules.recent_dose_number,
        {%- for condition in criterion_conditions(rule='up_to_date_rules') %}
        cast({{ condition.text }} as interval) as {{ condition.column }},
        {%- endfor %}
        up_to_date_rules.school_year_from,
        up_to_date_rules.school_year_before
    from up_to_date_rules
)

select * from final
