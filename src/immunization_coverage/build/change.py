"""Which what-if builds marts.coverage_change lacks to split the change since the school year before into its parts."""

import datetime
from dataclasses import dataclass
from pathlib import Path

import duckdb

from immunization_coverage.warehouse import attach
from immunization_coverage.years import assessment_date_of, first_year_of

CHANGE = """
    with pairs as (
        select * from opened.marts.coverage_change
        where school_year = $school_year
        qualify school_year_before = max(school_year_before) over ()
    )

    select
        school_year_before,
        max(reporting_days),
        bool_or(definitions_points is null),
        bool_or(reporting_points is null and reporting_days is not null)
    from pairs
    group by school_year_before
"""
# Of the builds that the years are reported from.
LAST_RECORDED = """
    select distinct coverage.school_year, builds.last_recorded_date
    from opened.marts.coverage as coverage
    inner join opened.marts.builds as builds using (build_id)
    where
        coverage.definitions = coverage.school_year
        and coverage.school_year in ($school_year, $school_year_before)
        and builds.last_recorded_date is not null
"""


@dataclass(frozen=True)
class WhatIf:
    """A school year by the definitions of another, or as its doses were recorded by a day."""

    school_year: str
    settings: dict[str, int | str]
    words: str


def what_ifs_needed(database: Path, school_year: str) -> list[WhatIf]:
    """For the change from the last school year before this one that the warehouse has, if it has one."""
    with duckdb.connect() as connection:
        attach(connection, database, "opened")
        found = connection.execute(CHANGE, {"school_year": school_year}).fetchall()
        if not found:
            return []
        [(before, days, needs_definitions, needs_reporting)] = found
        last_recorded = dict(
            connection.execute(LAST_RECORDED, {"school_year": school_year, "school_year_before": before}).fetchall()
        )
    needed = []
    if needs_definitions:
        words = f"{school_year} by the definitions of {before}"
        needed.append(WhatIf(school_year, {"definitions_of": first_year_of(before)}, words))
    if needs_reporting:
        for year in (before, school_year):
            day = assessment_date_of(year) + datetime.timedelta(days)
            if last_recorded[year] > day:
                needed.append(WhatIf(year, {"recorded_by": str(day)}, f"{year} as recorded by {day}"))
    return needed
