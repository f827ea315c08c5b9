"""A warehouse of several school years, made of the demonstration's one by changing copies of its rows."""

import shutil
from pathlib import Path

import duckdb

YEARS = ("2016-17", "2018-19", "2019-20", "2020-21")
MEASURED = ("coverage", "series_uptake", "exemptions", "coverage_all_ispa", "exemptions_any_ispa")
# Days from the assessment date: 2016-17 and 2018-19 are alike, 2019-20 reaches two months further.
RECORDED = {"2016-17": "2017-09-02", "2018-19": "2019-09-20", "2019-20": "2020-12-01", "2020-21": "2021-12-05"}
CHANGED = ("polio", "tetanus")

# Parts in tenths of a point by row; reporting was not computed for polio, and everything else is the rest.
CHANGE = """
    insert into marts.coverage_change by name
    with pairs as (
        select
            now.build_id, now.school_year, now.school_year as definitions, earlier.school_year as school_year_before,
            now.geography, now.phu_id, now.phu_name, now.age, now.antigen, now.students,
            earlier.students as students_before, now.coverage_percent,
            earlier.coverage_percent as coverage_percent_before,
            cast(now.coverage_percent as decimal(18, 10)) - cast(earlier.coverage_percent as decimal(18, 10))
                as change_points,
            cast((hash(now.antigen, now.age, now.phu_id) % 40) / 10 - 2 as decimal(18, 10)) as definitions_points,
            case when now.antigen <> 'polio' then cast(-0.4 as decimal(18, 10)) end as reporting_points,
            cast(case when now.geography = 'province' then 0.3 else 0 end as decimal(18, 10)) as composition_points,
            20 as reporting_days
        from marts.coverage as now
        inner join marts.coverage as earlier using (geography, age, antigen)
        where
            now.phu_id is not distinct from earlier.phu_id
            and now.coverage_percent is not null
            and earlier.coverage_percent is not null
            and earlier.school_year < now.school_year
    )

    select
        *,
        change_points - definitions_points - coalesce(reporting_points, 0) - composition_points as rest_points
    from pairs
"""


def write_years(one_year: Path, path: Path) -> Path:
    """2017-18 is missing. In 2019-20 Huron and Perth merge; Tdap-IPV is a new agent of two antigens in 2020-21."""
    shutil.copy(one_year, path)
    with duckdb.connect(str(path)) as connection:
        tables = connection.execute(
            "select distinct table_name from duckdb_columns() semi join duckdb_tables() "
            "using (database_name, schema_name, table_name) "
            "where database_name = current_database() and schema_name = 'marts' and column_name = 'school_year'"
        ).fetchall()
        for (table,) in tables:
            for year in YEARS:
                if year != "2018-19":
                    connection.execute(
                        f"insert into marts.{table} select * replace ('{year}' as school_year, "
                        f"'{year}' as definitions, 'build of {year}' as build_id) from marts.{table} "
                        "where school_year = '2018-19'"
                    )
        for year, share in (("2016-17", 8), ("2018-19", 9)):
            connection.execute(
                f"update marts.coverage set students_up_to_date = students_up_to_date * {share} // 10 "
                "where school_year = ? and (school_year = '2016-17' or antigen = 'measles')",
                [year],
            )
        connection.execute(
            "update marts.coverage set students_up_to_date = students_up_to_date * 19 // 20 "
            "where school_year = '2020-21' and antigen not in ('hib', 'measles')"
        )
        connection.execute(
            "update marts.coverage set coverage_percent = case when students > 0 "
            "then 100 * students_up_to_date / students end"
        )
        for table in MEASURED:
            merged = "where school_year >= '2019-20' and phu_id"
            connection.execute(f"delete from marts.{table} {merged} = 'HU'")
            connection.execute(
                f"update marts.{table} set phu_id = 'HH', phu_name = 'Huron Perth Health Unit' {merged} = 'PE'"
            )
        for year, day in RECORDED.items():
            connection.execute("update marts.builds set last_recorded_date = ? where school_year = ?", [day, year])
        connection.execute("update marts.antigen_definitions set change = null")
        connection.execute(
            "update marts.antigen_definitions set change = 'changed', "
            "definition_before = replace(definition, ', Tdap-IPV', '') where school_year = '2020-21' "
            "and parameter = 'Relevant vaccines' and antigen in ?",
            [list(CHANGED)],
        )
        connection.execute(CHANGE)
    return path