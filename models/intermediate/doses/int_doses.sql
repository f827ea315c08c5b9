{%- set student_antigen =
    'partition by ' ~ student_and_antigen('student_key', 'antigen_number')
    ~ ' order by administered_date asc, is_relevant desc, same_day_order asc, immunization_id asc nulls last, source_row_number asc'
-%}
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
        antigen_agents.*,
        dense_rank() over (order by antigen_agents.antigen) as antigen_number
    from assessed_antigens
    cross join school_year
    inner join antigen_agents
        on assessed_antigens.antigen = antigen_agents.antigen
    where {{ holds_in(definitions_year(), 'assessed_antigens') }}
),

exploded as (
    select /*+ broadcast(antigens_by_age) */
        students.student_key,
        students.date_of_birth,
        antigens_by_age.antigen,
        antigens_by_age.antigen_number,
        immunizations.source_row_number,
        immunizations.immunization_id,
        immunizations.agent,
        antigens_by_age.agent_label,
        immunizations.administered_date,
        case when antigens_by_age.antigen = 'hepatitis_b' then immunizations.trade_name end as trade_name,
        antigens_by_age.is_relevant,
        -- A packed history's copy of a record comes last in a tie: it has no trade name, and its id is generated.
        2 * antigens_by_age.same_day_rank
        + case when immunizations.source_row_number is null then 1 else 0 end as same_day_order,
        antigens_by_age.is_live,
        antigens_by_age.is_polysaccharide
        and immunizations.administered_date >= {{ add_period(
            'students.date_of_birth', 'cast(antigens_by_age.polysaccharide_age_from as interval)'
        ) }} as is_counted_polysaccharide
    from immunizations
    cross join school_year
    inner join students
        on immunizations.student_key = students.student_key
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
    {{ distributed_by('student_key') }}
),

-- One sort serves the same-day choice and both interactions: the kept record of a day comes first, so the rows before it are
-- of earlier days. "Any preceding" is the latest of these: if its interval is long enough, so are all others.
ordered as (
    select
        *,
        lag(administered_date) over ({{ student_antigen }}) as preceding_date,
        max(case when is_live then administered_date end) over (
            {{ student_antigen }} rows between unbounded preceding and 1 preceding
        ) as preceding_live_date,
        max(case when is_counted_polysaccharide then administered_date end) over (
            {{ student_antigen }} rows between unbounded preceding and 1 preceding
        ) as preceding_polysaccharide_date
    from exploded
),

kept as (
    select
        *,
        coalesce(administered_date > preceding_date, true) as is_kept
    from ordered
    where is_relevant
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
        is_kept,
        case when is_kept then preceding_live_date end as preceding_live_date,
        case when is_kept then preceding_polysaccharide_date end as preceding_polysaccharide_date
    from kept
)

select * from final
