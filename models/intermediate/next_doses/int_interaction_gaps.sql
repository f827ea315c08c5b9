with immunizations as (
    select * from {{ ref('int_open_immunizations') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
),

antigen_agents as (
    select * from {{ ref('int_antigen_agents') }}
    where is_live or is_polysaccharide
),

doses_by_antigen as (
    select distinct
        open_antigens.student_key,
        open_antigens.antigen,
        case when antigen_agents.is_live then 'live' else 'polysaccharide' end as kind,
        immunizations.administered_date
    from immunizations
    inner join antigen_agents
        on immunizations.agent = antigen_agents.agent
    inner join open_antigens
        on
            immunizations.student_key = open_antigens.student_key
            and antigen_agents.antigen = open_antigens.antigen
    where
        antigen_agents.is_live
        or immunizations.administered_date
        >= {{ add_period('immunizations.date_of_birth', 'cast(antigen_agents.polysaccharide_age_from as interval)') }}
),

after_each_dose as (
    select
        student_key,
        antigen,
        kind,
        administered_date as preceding_date,
        lead(administered_date) over (partition by student_key, antigen, kind order by administered_date) as next_date
    from doses_by_antigen
),

before_the_first as (
    select
        student_key,
        antigen,
        kind,
        cast(null as date) as preceding_date,
        min(administered_date) as next_date
    from doses_by_antigen
    group by student_key, antigen, kind
),

final as (
    select * from after_each_dose
    union all
    select * from before_the_first
)

select * from final
