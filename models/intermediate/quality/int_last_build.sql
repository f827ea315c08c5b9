with builds as (
    select * from {{ ref('builds') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

-- A build is not compared with the demonstration, nor with another school year or other definitions.
earlier_builds as (
    select
        builds.build_id,
        builds.built_at
    from builds
    cross join school_year
    where
        builds.build_id <> {{ build_id() }}
        and builds.school_year = school_year.school_year
        and builds.definitions = {{ definitions() }}
        and builds.is_demonstration = {{ is_demonstration() | lower }}
),

last_built as (
    select max(built_at) as built_at
    from earlier_builds
),

final as (
    select distinct
        earlier_builds.build_id,
        earlier_builds.built_at
    from earlier_builds
    inner join last_built
        on earlier_builds.built_at = last_built.built_at
)

select * from final
