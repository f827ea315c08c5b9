-- Coverage of the province and the PHUs beside another build's: last year's warehouse, or the same year under another rule.
-- COMPARE_WITH=earlier.duckdb .venv/bin/dbt show --select coverage_beside_earlier --limit 100
with now_built as (
    select * from {{ ref('coverage') }}
),

built_earlier as (
    select * from earlier.marts.coverage
),

final as (
    select
        now_built.geography,
        now_built.phu_name,
        now_built.age,
        now_built.antigen,
        built_earlier.school_year as school_year_before,
        now_built.school_year as school_year_now,
        built_earlier.coverage_percent as coverage_before,
        now_built.coverage_percent as coverage_now,
        now_built.coverage_percent - built_earlier.coverage_percent as points_changed
    from now_built
    inner join built_earlier
        on
            now_built.geography = built_earlier.geography
            and coalesce(now_built.phu_id, '') = coalesce(built_earlier.phu_id, '')
            and now_built.age = built_earlier.age
            and now_built.antigen = built_earlier.antigen
)

select * from final
order by geography desc, age asc, antigen asc, phu_name asc
