with school_year as (
    select * from {{ ref('int_school_year') }}
),

antigens as (
    select * from {{ ref('antigens') }}
),

dose_rules as (
    {{ rules_in_force(ref('dose_rules'), ref('int_school_year')) }}
),

up_to_date_rules as (
    {{ rules_in_force(ref('up_to_date_rules'), ref('int_school_year')) }}
),

statements as (
    {{ rules_in_force(ref('antigen_statements'), ref('int_school_year')) }}
),

antigen_agents as (
    {{ rules_in_force(ref('antigen_agents'), ref('int_school_year')) }}
),

exemption_labels as (
    {{ rules_in_force(ref('exemption_labels'), ref('int_school_year')) }}
),

assessed_antigens as (
    {{ rules_in_force(ref('assessed_antigens'), ref('int_school_year')) }}
),

rule_agents as (
    select
        rule_id,
        {{ joined_texts("case when dose = 'current' then agent end", ', ', 'agent') }} as current_agents,
        {{ joined_texts("case when dose = 'first' then agent end", ', ', 'agent') }} as first_agents
    from {{ ref('dose_rule_agents') }}
    group by rule_id
),

dose_rule_sentences as (
    select
        dose_rules.rule_id,
        dose_rules.antigen,
        'Valid dose definitions' as parameter,
        dose_rules.schedule,
        cast(null as int) as age,
        dose_rules.dose_number,
        dose_rules.annex_text,
        concat(
            'Valid dose ', cast(dose_rules.dose_number as {{ dbt.type_string() }}),
            case when dose_rules.schedule <> 'series' then concat(' of the schedule ', dose_rules.schedule) else '' end,
            case when dose_rules.variant is not null then concat(' (', dose_rules.variant, ')') else '' end,
            ': ',
            concat_ws(
                ' AND ',
                'first valid dose was ' || rule_agents.first_agents,
                {{ conditions_in_words(rule_conditions(rule='dose_rules') | selectattr('asks', 'equalto', 'history')) }},
                coalesce('agent is one of ' || rule_agents.current_agents, 'a relevant agent'),
                {{ conditions_in_words(rule_conditions(rule='dose_rules') | selectattr('asks', 'equalto', 'dose')) }}
            )
        ) as definition
    from dose_rules
    left join rule_agents
        on dose_rules.rule_id = rule_agents.rule_id
),

criterion_sentences as (
    select
        up_to_date_rules.rule_id,
        up_to_date_rules.antigen,
        'Up-to-date definition' as parameter,
        up_to_date_rules.schedule,
        up_to_date_rules.age,
        up_to_date_rules.valid_doses as dose_number,
        up_to_date_rules.annex_text,
        concat(
            'Up to date',
            coalesce(' at ' || cast(up_to_date_rules.age as {{ dbt.type_string() }}), ''), ': ',
            concat_ws(
                ' AND ',
                concat(
                    'at least ', cast(up_to_date_rules.valid_doses as {{ dbt.type_string() }}), ' valid dose(s)',
                    case
                        when up_to_date_rules.schedule <> 'series' then concat(' on the schedule ', up_to_date_rules.schedule)
                        else ''
                    end
                ),
                {{ conditions_in_words(criterion_conditions('up_to_date_rules', rule='up_to_date_rules')) }}
            )
        ) as definition
    from up_to_date_rules
),

ages_as_text as (
    select
        antigen,
        concat('Assessed at ', {{ joined_texts(
            "cast(age as " ~ dbt.type_string() ~ ") || case when gender is null then '' else ' (' || gender || ' only)' end", ', ', 'age'
        ) }}) as definition
    from assessed_antigens
    group by antigen
),

relevant_as_text as (
    select
        antigen,
        {{ joined_texts(
            "agent || case when excluded_gender is null then '' else ' (not if gender is ' || excluded_gender || ')' end", ', ', 'agent'
        ) }} as definition
    from antigen_agents
    where is_relevant
    group by antigen
),

interactions_as_text as (
    select
        antigen,
        concat(
            'Looked at before each dose: ',
            {{ joined_texts(
                "agent || case when polysaccharide_age_from is null then '' else ' (at ≥' || polysaccharide_age_from || ' old)' end",
                ', ', 'agent'
            ) }}
        ) as definition
    from antigen_agents
    where is_live or is_polysaccharide
    group by antigen
),

same_day_as_text as (
    select
        antigen,
        case
            when max(same_day_rank) = min(same_day_rank)
                then 'One record a day is kept, the one with the smallest immunization id'
            else concat(
                'One record a day is kept, the first by rank, then by immunization id: ',
                {{ joined_texts(
                    "agent || ' (' || cast(same_day_rank as " ~ dbt.type_string() ~ ") || ')'", ', ', 'same_day_rank, agent'
                ) }}
            )
        end as definition
    from antigen_agents
    where is_relevant
    group by antigen
),

schedules_as_text as (
    select
        antigen,
        concat('Doses are tried on: ', {{ joined_texts('schedule', ', ', 'sort_order') }}) as definition
    from {{ ref('schedules') }}
    group by antigen
),

immunity_as_text as (
    select
        antigen,
        concat('Up to date with a record of immunity for: ', {{ joined_texts('exemption_antigen', ', ', 'exemption_antigen') }})
            as definition
    from exemption_labels
    where is_immunity_label
    group by antigen
),

exemptions_as_text as (
    select
        antigen,
        concat('Exempt with a record for: ', {{ joined_texts('exemption_antigen', ', ', 'exemption_antigen') }}) as definition
    from exemption_labels
    where is_exemption_label
    group by antigen
),

statement_texts as (
    select
        'Ages assessed' as parameter,
        antigen,
        definition
    from ages_as_text
    union all
    select
        'Relevant vaccines' as parameter,
        antigen,
        definition
    from relevant_as_text
    union all
    select
        'Vaccine interactions' as parameter,
        antigen,
        definition
    from interactions_as_text
    union all
    select
        'Multiple vaccines on the same day' as parameter,
        antigen,
        definition
    from same_day_as_text
    union all
    select
        'Valid dose definitions' as parameter,
        antigen,
        definition
    from schedules_as_text
    union all
    select
        'Evidence of immunity' as parameter,
        antigen,
        definition
    from immunity_as_text
    union all
    select
        'Exemption antigens' as parameter,
        antigen,
        definition
    from exemptions_as_text
),

statement_sentences as (
    select
        statements.rule_id,
        statements.antigen,
        statements.parameter,
        cast(null as {{ dbt.type_string() }}) as schedule,
        cast(null as int) as age,
        cast(null as int) as dose_number,
        statements.annex_text,
        coalesce(statement_texts.definition, 'None') as definition
    from statements
    left join statement_texts
        on
            statements.parameter = statement_texts.parameter
            and statements.antigen = statement_texts.antigen
),

sentences as (
    select * from dose_rule_sentences
    union all
    select * from criterion_sentences
    union all
    select * from statement_sentences
),

final as (
    select
        {{ build_id() }} as build_id,
        school_year.school_year,
        sentences.antigen,
        antigens.antigen_name,
        sentences.parameter,
        sentences.schedule,
        sentences.age,
        sentences.dose_number,
        sentences.rule_id,
        sentences.definition,
        sentences.annex_text
    from sentences
    cross join school_year
    inner join antigens
        on sentences.antigen = antigens.antigen
)

select * from final
