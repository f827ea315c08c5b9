-- Coverage of the province and the PHUs compared with another build: last year's warehouse, or the same year under another rule.
-- Rows with different counts, the largest change of the percent first, then rows that only one build has.
-- icw compare coverage --with earlier.duckdb
-- Of a warehouse of several years the one that was built last; by other definitions, if it has no others.
with
{%- for built, coverage, school_year in [
    ('now_built', ref('coverage'), ref('int_school_year')),
    ('built_earlier', 'earlier.marts.coverage', 'earlier.intermediate.int_school_year')
] %}

{{ built }}_by as (
    select
        coverage.school_year,
        coalesce(
            max(case when coverage.definitions = coverage.school_year then coverage.definitions end), max(coverage.definitions)
        ) as definitions
    from {{ coverage }} as coverage
    inner join {{ school_year }} as school_year
        on coverage.school_year = school_year.school_year
    group by coverage.school_year
),

{{ built }} as (
    select coverage.*
    from {{ coverage }} as coverage
    inner join {{ built }}_by as built_by
        on
            coverage.school_year = built_by.school_year
            and coverage.definitions = built_by.definitions
),
{%- endfor %}

compared as (
    select
        coalesce(now_built.geography, built_earlier.geography) as geography,
        coalesce(now_built.phu_name, built_earlier.phu_name) as phu_name,
        coalesce(now_built.age, built_earlier.age) as age,
        coalesce(now_built.antigen, built_earlier.antigen) as antigen,
        built_earlier.school_year as school_year_before,
        now_built.school_year as school_year_now,
        built_earlier.students as students_before,
        now_built.students as students_now,
        built_earlier.students_up_to_date as students_up_to_date_before,
        now_built.students_up_to_date as students_up_to_date_now,
        built_earlier.coverage_percent as coverage_before,
        now_built.coverage_percent as coverage_now,
        now_built.coverage_percent - built_earlier.coverage_percent as points_changed
    from now_built
    full outer join built_earlier
        on
            now_built.geography = built_earlier.geography
            and coalesce(now_built.phu_id, '') = coalesce(built_earlier.phu_id, '')
            and now_built.age = built_earlier.age
            and now_built.antigen = built_earlier.antigen
),

final as (
    select * from compared
    where
        coalesce(students_before, -1) <> coalesce(students_now, -1)
        or coalesce(students_up_to_date_before, -1) <> coalesce(students_up_to_date_now, -1)
)

select * from final
order by abs(points_changed) desc nulls last, geography desc, age asc, antigen asc, phu_name asc nulls last
