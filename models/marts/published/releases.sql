with builds as (
    select distinct
        build_id,
        built_at,
        school_year,
        definitions,
        education_record_window,
        is_demonstration,
        project_version,
        rules_hash,
        is_synthetic
    from {{ ref('builds') }}
    where build_id = {{ build_id() }}
),

measures as (
    select
        count(*) as counts,
        sum(case when withheld_reason is null then 0 else 1 end) as counts_withheld
    from {{ ref('published_measures') }}
    where {{ is_of_this_build() }}
),

final as (
    select
        builds.build_id,
        builds.built_at,
        builds.school_year,
        builds.definitions,
        builds.education_record_window,
        builds.is_demonstration,
        builds.project_version,
        builds.rules_hash,
        {{ suppress_below() }} as suppress_below,
        cast(measures.counts as bigint) as counts,
        cast(measures.counts_withheld as bigint) as counts_withheld,
        builds.is_synthetic
    from builds
    cross join measures
)

select * from final
