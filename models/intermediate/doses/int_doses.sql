with immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

students as (
    select * from {{ ref('int_students') }}
),

antigen_agents as (
    select * from {{ ref('int_antigen_agents') }}
),

assessed_antigens as (
    select * from {{ ref('assessed_antigens') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

antigens_by_age as (
    select
        assessed_antigens.age,
        assessed_antigens.gender,
        antigen_agents.*
    from assessed_antigens
    cross join school_year
    inner join antigen_agents
        on assessed_antigens.antigen = antigen_agents.antigen
    where {{ holds_in('school_year.first_year', 'assessed_antigens') }}
),

exploded as (
    select
        students.student_key,
        students.date_of_birth,
        antigens_by_age.antigen,
        immunizations.immunization_id,
        immunizations.agent,
        antigens_by_age.agent_label,
        immunizations.administered_date,
        immunizations.trade_name,
        antigens_by_age.is_relevant,
        antigens_by_age.same_day_rank,
        antigens_by_age.is_live,
        antigens_by_age.is_polysaccharide
        and immunizations.administered_date >= {{ add_period(
            'students.date_of_birth', as_period('antigens_by_age.polysaccharide_age_from')
        ) }} as is_counted_polysaccharide
    from immunizations
    cross join school_year
    inner join students
        on {{ is_of_student('immunizations.client_id', 'students') }}
    inner join antigens_by_age
        on
            immunizations.agent = antigens_by_age.agent
            and students.age = antigens_by_age.age
    where
        immunizations.administered_date <= school_year.assessment_date
        and (antigens_by_age.gender is null or students.gender = antigens_by_age.gender)
        and (
            antigens_by_age.excluded_gender is null
            or students.gender is null
            or students.gender <> antigens_by_age.excluded_gender
        )
),

-- "Any preceding" is the latest earlier day: if that one is far enough away, so is every other.
ordered as (
    select
        *,
        row_number() over (
            partition by student_key, antigen, administered_date, is_relevant
            order by same_day_rank asc, immunization_id asc nulls last
        ) as rank_within_day,
        max(case when is_live then administered_date end) over (
            partition by student_key, antigen
            order by {{ day_number('administered_date') }}
            range between unbounded preceding and 1 preceding
        ) as preceding_live_date,
        max(case when is_counted_polysaccharide then administered_date end) over (
            partition by student_key, antigen
            order by {{ day_number('administered_date') }}
            range between unbounded preceding and 1 preceding
        ) as preceding_polysaccharide_date
    from exploded
),

final as (
    select
        student_key,
        antigen,
        immunization_id,
        administered_date,
        agent,
        agent_label,
        trade_name,
        date_of_birth,
        rank_within_day = 1 as is_kept,
        preceding_live_date,
        preceding_polysaccharide_date
    from ordered
    where is_relevant
)

select * from final
