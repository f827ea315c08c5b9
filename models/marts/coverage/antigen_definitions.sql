{#- Rules of the year that is built, or whose definitions are taken, and of the year before it. -#}
{%- set tables = [
    'dose_rules', 'up_to_date_rules', 'antigen_statements', 'antigen_agents', 'exemption_labels', 'assessed_antigens'
] -%}
with school_year as (
    select
        school_year,
        {{ definitions_year('first_year') }} as first_year
    from {{ ref('int_school_year') }}
),

school_years as (
    select * from {{ ref('school_years') }}
),

years as (
    select first_year from school_year
    union all
    select first_year - 1 as first_year from school_year
),

antigens as (
    select * from {{ ref('antigens') }}
),

schedules as (
    select * from {{ ref('schedules') }}
),

{%- for table in tables %}

{{ table }} as (
    select
        years.first_year,
        rules.*
    from {{ ref(table) }} as rules
    cross join years
    where {{ holds_in('years.first_year', 'rules') }}
),
{%- endfor %}

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
        dose_rules.first_year,
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
        up_to_date_rules.first_year,
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
        first_year,
        antigen,
        concat('Assessed at ', {{ joined_texts(
            "cast(age as " ~ dbt.type_string() ~ ") || case when gender is null then '' else ' (' || gender || ' only)' end", ', ', 'age'
        ) }}) as definition
    from assessed_antigens
    group by first_year, antigen
),

relevant_as_text as (
    select
        first_year,
        antigen,
        {{ joined_texts(
            "agent || case when excluded_gender is null then '' else ' (not if gender is ' || excluded_gender || ')' end", ', ', 'agent'
        ) }} as definition
    from antigen_agents
    where is_relevant
    group by first_year, antigen
),

interactions_as_text as (
    select
        first_year,
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
    group by first_year, antigen
),

same_day_as_text as (
    select
        first_year,
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
    group by first_year, antigen
),

schedules_as_text as (
    select
        years.first_year,
        schedules.antigen,
        concat('Doses are tried on: ', {{ joined_texts('schedules.schedule', ', ', 'schedules.sort_order') }}) as definition
    from schedules
    cross join years
    group by years.first_year, schedules.antigen
),

immunity_as_text as (
    select
        first_year,
        antigen,
        concat('Up to date with a record of immunity for: ', {{ joined_texts('exemption_antigen', ', ', 'exemption_antigen') }})
            as definition
    from exemption_labels
    where is_immunity_label
    group by first_year, antigen
),

exemptions_as_text as (
    select
        first_year,
        antigen,
        concat('Exempt with a record for: ', {{ joined_texts('exemption_antigen', ', ', 'exemption_antigen') }}) as definition
    from exemption_labels
    where is_exemption_label
    group by first_year, antigen
),

-- What is counted of an antigen beside its coverage.
measured_beside_coverage as (
    {{ unpivoted(
        'assessed_antigens', keys=['first_year', 'antigen', 'age'], columns=['measure'], rows=[
            ['is_in_all_ispa_coverage', "'all-ISPA coverage'"],
            ['is_exemption_applicable', "'exemptions'"],
            ['has_series_uptake', "'series'"]
        ]
    ) }}
),

measured_as_text as (
    select
        first_year,
        antigen,
        {{ joined_texts("measure || ' at ' || cast(age as " ~ dbt.type_string() ~ ")", ', ', 'measure, age') }} as also_counted
    from measured_beside_coverage
    group by first_year, antigen
),

statement_texts as (
    select
        first_year,
        'Ages assessed' as parameter,
        antigen,
        definition
    from ages_as_text
    union all
    select
        first_year,
        'Relevant vaccines' as parameter,
        antigen,
        definition
    from relevant_as_text
    union all
    select
        first_year,
        'Vaccine interactions' as parameter,
        antigen,
        definition
    from interactions_as_text
    union all
    select
        first_year,
        'Multiple vaccines on the same day' as parameter,
        antigen,
        definition
    from same_day_as_text
    union all
    select
        first_year,
        'Valid dose definitions' as parameter,
        antigen,
        definition
    from schedules_as_text
    union all
    select
        first_year,
        'Evidence of immunity' as parameter,
        antigen,
        definition
    from immunity_as_text
    union all
    select
        first_year,
        'Exemption antigens' as parameter,
        antigen,
        definition
    from exemptions_as_text
),

statement_sentences as (
    select
        statements.first_year,
        statements.rule_id,
        statements.antigen,
        statements.parameter,
        cast(null as {{ dbt.type_string() }}) as schedule,
        cast(null as int) as age,
        cast(null as int) as dose_number,
        statements.annex_text,
        coalesce(statement_texts.definition, 'None') as definition,
        case when statements.parameter = 'Ages assessed' then measured_as_text.also_counted end as also_counted
    from antigen_statements as statements
    left join statement_texts
        on
            statements.first_year = statement_texts.first_year
            and statements.parameter = statement_texts.parameter
            and statements.antigen = statement_texts.antigen
    left join measured_as_text
        on
            statements.first_year = measured_as_text.first_year
            and statements.antigen = measured_as_text.antigen
),

sentences as (
    select
        *,
        cast(null as {{ dbt.type_string() }}) as also_counted
    from dose_rule_sentences
    union all
    select
        *,
        cast(null as {{ dbt.type_string() }}) as also_counted
    from criterion_sentences
    union all
    select * from statement_sentences
),

-- Of an antigen that is assessed at no age in the year, that is the whole definition.
antigens_assessed as (
    select distinct
        first_year,
        antigen
    from assessed_antigens
),

sentences_by_year as (
    select
        sentences.*,
        antigens_assessed.antigen is not null or sentences.parameter = 'Ages assessed' as is_applied
    from sentences
    left join antigens_assessed
        on
            sentences.first_year = antigens_assessed.first_year
            and sentences.antigen = antigens_assessed.antigen
),

sentences_now as (
    select sentences_by_year.*
    from sentences_by_year
    inner join school_year
        on sentences_by_year.first_year = school_year.first_year
),

sentences_before as (
    select sentences_by_year.*
    from sentences_by_year
    inner join school_year
        on sentences_by_year.first_year = school_year.first_year - 1
),

compared as (
    select
        coalesce(sentences_now.antigen, sentences_before.antigen) as antigen,
        coalesce(sentences_now.parameter, sentences_before.parameter) as parameter,
        coalesce(sentences_now.schedule, sentences_before.schedule) as schedule,
        coalesce(sentences_now.age, sentences_before.age) as age,
        coalesce(sentences_now.dose_number, sentences_before.dose_number) as dose_number,
        coalesce(sentences_now.rule_id, sentences_before.rule_id) as rule_id,
        coalesce(sentences_now.definition, 'None') as definition,
        coalesce(sentences_now.annex_text, sentences_before.annex_text) as annex_text,
        sentences_now.also_counted,
        case
            when sentences_before.rule_id is null then 'new'
            when sentences_now.rule_id is null then 'ended'
            when
                sentences_now.definition <> sentences_before.definition
                or coalesce(sentences_now.also_counted, '') <> coalesce(sentences_before.also_counted, '')
                then 'changed'
        end as change,
        sentences_before.definition as definition_before,
        sentences_before.also_counted as also_counted_before
    from sentences_now
    full outer join sentences_before
        on
            sentences_now.rule_id = sentences_before.rule_id
            and sentences_now.antigen = sentences_before.antigen
    where coalesce(sentences_now.is_applied, sentences_before.is_applied)
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        school_year.school_year,
        compared.antigen,
        antigens.antigen_name,
        compared.parameter,
        compared.schedule,
        compared.age,
        compared.dose_number,
        compared.rule_id,
        compared.definition,
        compared.annex_text,
        school_years.definitions_of,
        compared.also_counted,
        compared.change,
        case when compared.change in ('changed', 'ended') then compared.definition_before end as definition_before,
        case when compared.change in ('changed', 'ended') then compared.also_counted_before end as also_counted_before
    from compared
    cross join school_year
    inner join school_years
        on school_year.first_year = school_years.first_year
    inner join antigens
        on compared.antigen = antigens.antigen
)

select * from final
