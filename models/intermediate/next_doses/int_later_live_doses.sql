with immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

open_antigens as (
    select * from {{ ref('int_open_antigens') }}
    where is_live
),

antigen_agents as (
    select * from {{ ref('int_antigen_agents') }}
    where is_live
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

later_immunizations as (
    select
        immunizations.student_key,
        immunizations.agent,
        immunizations.administered_date
    from immunizations
    cross join school_year
    where immunizations.administered_date > {{ as_of() }}
),

final as (
    select distinct
        open_antigens.student_key,
        open_antigens.antigen,
        later_immunizations.administered_date
    from later_immunizations
    inner join antigen_agents
        on later_immunizations.agent = antigen_agents.agent
    inner join open_antigens
        on
            later_immunizations.student_key = open_antigens.student_key
            and antigen_agents.antigen = open_antigens.antigen
)

select * from final
