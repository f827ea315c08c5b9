{{ config(alias='antigen_definitions') }}

with antigen_definitions as (
    select * from {{ ref('antigen_definitions') }}
    where {{ is_of_this_build() }}
),

final as (
    select
        build_id,
        school_year,
        definitions,
        antigen,
        antigen_name,
        parameter,
        schedule,
        age,
        dose_number,
        rule_id,
        definition,
        annex_text,
        definitions_of,
        also_counted,
        change,
        definition_before,
        also_counted_before
    from antigen_definitions
)

select * from final
