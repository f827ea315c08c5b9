"""What report and explorer read: the published warehouse file, read-only, tables of `marts` or of `published`.

`marts` holds every count and is for internal use. `published` holds the same measures for release, with small counts
and those from which they could be derived withheld. A row knows which of its percents are: `withheld`.
"""

from __future__ import annotations

import copy
import datetime
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from immunization_coverage.release.kept import builds_of, files_of
from immunization_coverage.report.errors import WarehouseError
from immunization_coverage.report.scope import Scope, scope_of
from immunization_coverage.warehouse import attach, records_of
from immunization_coverage.years import (
    BuiltYear,
    assessment_date_of,
    condition,
    definitions_in,
    first_year_of,
    tables_of,
    use_views,
    years_kept,
)

# A percent of fewer students moves by five points or more with a single one.
FEW_STUDENTS = 20
# The marts that `published.measures` holds as one long table: its measures, and the count and percent that each is.
RELEASED = {
    "coverage": {"coverage": ("students_up_to_date", "coverage_percent")},
    "coverage_all_ispa": {"coverage_all_ispa": ("students_up_to_date", "coverage_percent")},
    "series_uptake": {
        "initiation": ("students_initiated", "initiated_percent"),
        "completion": ("students_completed", "completed_percent"),
        "unimmunized": ("students_unimmunized", "unimmunized_percent"),
    },
    "exemptions": {
        "medical_exemption": ("students_medical", "medical_percent"),
        "nonmedical_exemption": ("students_nonmedical", "nonmedical_percent"),
    },
    "exemptions_any_ispa": {
        "medical_exemption_any_ispa": ("students_medical", "medical_percent"),
        "nonmedical_exemption_any_ispa": ("students_nonmedical", "nonmedical_percent"),
    },
}

# The tables of a release that are read.
PUBLISHED = tuple(
    f"published.{name}" for name in ("measures", "school_assignment", "antigen_definitions", "releases")
)

# Why a student is not up to date, as `marts.not_up_to_date_reasons` has it.
STATUSES = (
    "exempt_not_counted", "exempt_medical", "exempt_nonmedical", "no_record", "no_dose", "doses_refused",
    "series_incomplete",
)  # fmt: skip

# The same in the three groups that a health unit acts on by different means.
STATUS_GROUPS = {
    "unreported": ("no_record",),
    "under_immunized": ("no_dose", "doses_refused", "series_incomplete"),
    "exempt": ("exempt_not_counted", "exempt_medical", "exempt_nonmedical"),
}

INDICATORS = (
    "dose_coverage", "timeliness", "near_misses", "exemptions_by_status", "reporting", "coverage_by_age_in_months",
    "coverage_by_birthday", "zero_dose", "invalid_doses", "doses_needed", "missed_visits",
)  # fmt: skip


@dataclass(frozen=True)
class Build:
    """The build that wrote the rows, from `marts.builds`."""

    build_id: str
    built_at: datetime.datetime
    is_synthetic: bool
    education_record_window: str
    project_version: str


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Attaches the current file as catalog `opened`; the caller then disables external access.

    A direct connection would share the file that another connection of this process has open, even if it was replaced.
    """
    connection = duckdb.connect()
    attach(connection, path, "opened")
    return connection


def attach_published(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """The schema of what was published of each school year's build, which may withhold more than the build did.

    A school year whose build has not been published is not in it.
    """
    tables = "select 1 from information_schema.tables where table_catalog = 'opened' and table_schema = ?"
    if not connection.execute(tables, ["marts"]).fetchone():
        return "published"
    builds = builds_of(connection, "opened")
    connection.execute("attach ':memory:' as kept")
    connection.execute("create schema kept.published")
    for file in sorted(files_of(path.resolve()), key=lambda file: file.stat().st_mtime, reverse=True):
        attach(connection, file, "release")
        if found := builds & builds_of(connection, "release"):
            copy_builds(connection, found)
            builds -= found
        connection.execute("detach release")
    if not connection.execute(tables.replace("opened", "kept"), ["published"]).fetchone():
        raise WarehouseError("not_published", path=path)
    return "kept.published"


def copy_builds(connection: duckdb.DuckDBPyConnection, builds: set[str]) -> None:
    """Copies the rows of some builds from the catalog `release` into `kept`."""
    columns = tables_of(connection, "release")
    for table in PUBLISHED:
        added = "" if "definitions" in columns[table] else ", school_year as definitions"
        rows = f"select *{added} from release.{table}"
        connection.execute(f"create table if not exists kept.{table} as {rows} limit 0")
        connection.execute(f"insert into kept.{table} by name {rows} where list_contains(?, build_id)", [list(builds)])


class Warehouse:
    """One school year's measures. Rows are dictionaries with the columns of the mart."""

    def __init__(
        self, path: str | Path, release: bool = False, school_year: str | None = None,
        definitions: str | None = None,
    ):  # fmt: skip
        """
        `school_year` is the last of the file where none is named. `definitions` are its own, or those that the file has
        of it where it was built by no others.
        """
        self.path = Path(path)
        self.release = release
        self.is_closed = False
        self.shown: Scope | None = None
        table = "published.measures" if release else "marts.coverage"
        if not self.path.is_file():
            raise WarehouseError("no_warehouse", path=self.path)
        try:
            self.connection = connect(self.path)
        except duckdb.Error as error:
            raise WarehouseError("not_opened", path=self.path, reason=str(error).splitlines()[0]) from error
        if not self._has(table):
            raise WarehouseError("no_table", path=self.path, table=table)
        self.published = attach_published(self.connection, self.path) if release else "published"
        self.table = f"{self.published}.measures" if release else table
        catalog = self.published.rpartition(".")[0] or "opened"
        self.kept = years_kept(self.connection, catalog, table)
        self.school_years = sorted({year.school_year for year in self.kept})
        if not self.school_years:
            raise WarehouseError("no_rows", path=self.path, table=table)
        self.school_year = school_year or self.school_years[-1]
        by = [year.definitions for year in self.kept if year.school_year == self.school_year]
        if definitions is None and by:
            definitions = self.school_year if self.school_year in by else by[-1]
        if definitions not in by:
            named = BuiltYear(self.school_year, definitions or self.school_year)
            raise WarehouseError("no_school_year", path=self.path, school_year=named)
        self.year = BuiltYear(self.school_year, definitions)
        use_views(self.connection, "opened", "shown", self._rows_shown)
        self.connection.execute("set enable_external_access = false")

    def _rows_shown(self, columns: set[str]) -> str:
        """Of this year its rows by the definitions chosen, of every other those by its own."""
        others = f"school_year <> '{self.school_year}' and {definitions_in(columns)} = school_year"
        return f"{condition(self.year, columns)} or ({others})"

    def years(self) -> list[Warehouse]:
        """One for each school year of the file, by its own definitions where it was built by them."""
        years = [Warehouse(self.path, self.release, year) for year in self.school_years]
        return years if self.shown is None else [year.within(self.shown) for year in years]

    @cached_property
    def scope(self) -> Scope:
        """Of the school year in the file, whatever is shown of it."""
        query = f"select phu_id, phu_name, students from {self.table} where school_year = ? and geography = 'phu'"
        return scope_of(self.rows(f"{query} order by phu_name", [self.school_year]))

    def within(self, scope: Scope) -> Warehouse:
        """The school year of the scope's units: those without students are left out, and one unit is the whole. The
        province is what the file holds, with the rows that have been read of it."""
        if scope.kind == "province":
            return self
        within = copy.copy(self)
        for name, member in vars(type(self)).items():
            if isinstance(member, cached_property):
                within.__dict__.pop(name, None)
        within.shown = scope
        return within

    def _shown(self, rows: list[dict]) -> list[dict]:
        """The rows of the scope's units and, in an earlier year, of those that became part of them; with the whole
        where these units are all that the year holds."""
        if self.shown is None:
            return rows
        phu_ids = self._with_parts(self.shown.phu_ids)
        is_whole = self.scope.has_all and self.scope.phu_ids <= phu_ids
        of_units = [row for row in rows if row.get("phu_id") in phu_ids]
        whole = [row for row in rows if row.get("phu_id") is None and is_whole]
        if not self.shown.is_unit:
            return whole + of_units
        (unit,) = self.shown.units
        own = select(of_units, phu_id=unit["phu_id"])
        # Its own rows where there are some: what they withhold is withheld, whatever the province's rows show. A
        # release has the genders of the province alone.
        genders = {row.get("gender") for row in own}
        shown = own + [row for row in whole if row.get("gender") not in genders]
        return [row | unit | {"geography": "province", "phu_id": None} for row in shown]

    def _with_parts(self, phu_ids: frozenset[str]) -> frozenset[str]:
        parts = frozenset(row["phu_id"] for row in self.mergers if row["merged_into"] in phu_ids)
        return phu_ids if parts <= phu_ids else self._with_parts(phu_ids | parts)

    def what_ifs(self) -> list[Warehouse]:
        """The school years that were built by other definitions in every table."""
        if self.release:
            return []
        return [
            Warehouse(self.path, False, *year)
            for year in years_kept(self.connection, "opened", "published.releases")
            if not year.is_as_reported and BuiltYear(year.school_year, year.school_year) in self.kept
        ]

    def read_all(self) -> Warehouse:
        """
        Reads every measure and closes the file, so that it is not open when a build replaces it. The marts beyond
        coverage, most of the rows, are read when they are asked for.
        """
        for name, member in vars(type(self)).items():
            if isinstance(member, cached_property) and name != "indicators":
                getattr(self, name)
        self.connection.close()
        self.is_closed = True
        return self

    def _has(self, table: str) -> bool:
        query = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
        return self.connection.execute(query, table.split(".")).fetchone() is not None

    def _has_column(self, table: str, column: str) -> bool:
        found = self.connection.cursor().execute("use shown").execute(f"select * from {table} limit 0")
        return column in [name for name, *_ in found.description or []]

    def rows(self, query: str, parameters: list | None = None) -> list[dict]:
        return records_of(self.connection.cursor().execute("use shown"), query, parameters)

    def _measures(self, mart: str, denominator: str = "students") -> list[dict]:
        """Rows of a mart by age, antigen, gender and unit, the province first; `withheld` has the percents withheld."""
        rows = self._released(mart) if self.release else self._whole(mart)
        for row in rows:
            row["students"] = row[denominator]
            row["is_few"] = row["students"] is not None and 0 < row["students"] < FEW_STUDENTS
        keys = ("age", "antigen", "gender", "phu_name")
        return sorted(rows, key=lambda row: [(row[key] is not None, row[key]) for key in keys if key in row])

    def _whole(self, mart: str) -> list[dict]:
        """Rows of the province and its units; other groups of units are shown nowhere."""
        rows = self.rows(f"select * from marts.{mart} where school_year = ?", [self.school_year])
        rows = [row for row in rows if row.get("geography", "province") in ("province", "phu")]
        return [row | {"withheld": frozenset()} for row in self._shown(rows)]

    def _released(self, mart: str) -> list[dict]:
        """The mart's rows put together from those of its measures."""
        columns = RELEASED[mart]
        found: dict[tuple, dict] = {}
        in_mart = ", ".join("?" for _ in columns)
        query = f"select * from {self.published}.measures where school_year = ? and measure in ({in_mart})"
        for row in self.rows(query, [self.school_year, *columns]):
            count, percent = columns[row.pop("measure")]
            values = {count: row.pop("students_counted"), percent: row.pop("percent")}
            reason = row.pop("withheld_reason")
            key = (row["phu_id"], row["age"], row["antigen"], row["gender"])
            whole = found.setdefault(key, row | {"withheld": frozenset()})
            whole |= values
            whole["withheld"] |= {percent} if reason is not None else set()
        return self._shown(list(found.values()))

    @cached_property
    def coverage(self) -> list[dict]:
        return self._measures("coverage")

    @cached_property
    def coverage_all_ispa(self) -> list[dict]:
        return self._measures("coverage_all_ispa")

    @cached_property
    def series_uptake(self) -> list[dict]:
        return self._measures("series_uptake")

    @cached_property
    def exemptions(self) -> list[dict]:
        return self._measures("exemptions")

    @cached_property
    def exemptions_any_ispa(self) -> list[dict]:
        return self._measures("exemptions_any_ispa")

    @cached_property
    def coverage_change(self) -> list[dict]:
        """The change since the last school year before this one, in parts: internal, and empty in a release."""
        if self.release or not self._has("marts.coverage_change"):
            return []
        rows = self.rows(
            "select * from marts.coverage_change where school_year = ? and definitions = ? "
            "qualify school_year_before = max(school_year_before) over () order by age, antigen, phu_name",
            list(self.year),
        )
        rows = self._shown(rows)
        for row in rows:
            row["withheld"] = frozenset()
            row["is_few"] = 0 < min(row["students"], row["students_before"]) < FEW_STUDENTS
        return rows

    @cached_property
    def within_reach(self) -> list[dict]:
        """Coverage had no visit been missed, and with a grace period: internal, and empty in a release."""
        return (
            []
            if self.release or not self._has("marts.coverage_within_reach")
            else self._measures("coverage_within_reach")
        )

    @cached_property
    def missed_visits(self) -> list[dict]:
        """Students with a missed visit, of those with one at which a dose was due: internal, and empty in a release."""
        if self.release or not self._has("marts.missed_visits"):
            return []
        return self._measures("missed_visits", denominator="students_with_eligible_visit")

    @cached_property
    def zero_dose(self) -> list[dict]:
        """Students without a record of DTP, and of any immunization: internal, and empty in a release."""
        return [] if self.release or not self._has("marts.zero_dose") else self._measures("zero_dose")

    @cached_property
    def not_up_to_date(self) -> list[dict]:
        """Why students are not up to date, a count and a percent for each status: internal, and empty in a release."""
        if self.release or not self._has("marts.not_up_to_date_reasons"):
            return []
        found: dict[tuple, dict] = {}
        for row in self._whole("not_up_to_date_reasons"):
            key = tuple(row[column] for column in ("phu_id", "age", "antigen"))
            names = ("school_year", "geography", "phu_id", "phu_name", "age", "antigen", "withheld")
            whole = found.setdefault(key, {name: row[name] for name in names} | {"students": 0})
            whole["students"] += row["students"] or 0
            # Null if the annex counts no exemptions of the antigen: not counted is not zero.
            before = whole.get(row["status"])
            whole[row["status"]] = before if row["students"] is None else (before or 0) + row["students"]
        for whole in found.values():
            for status in STATUSES:
                counted = whole["students"] and whole[status] is not None
                whole[f"{status}_percent"] = 100 * whole[status] / whole["students"] if counted else None
            whole["is_few"] = 0 < whole["students"] < FEW_STUDENTS
        return sorted(found.values(), key=lambda row: (row["age"], row["antigen"], row["phu_name"] or ""))

    @cached_property
    def indicators(self) -> dict[str, list[dict]]:
        """The marts beyond coverage by name; none in a release. Raises WarehouseError after another build."""
        if self.release:
            return {}
        if self.is_closed:
            again = Warehouse(self.path, self.release, *self.year)
            with again.connection:
                if again.build != self.build:
                    raise WarehouseError("built_again", path=self.path)
                return (again if self.shown is None else again.within(self.shown)).indicators
        keys = (
            "phu_id", "age", "antigen", "schedule", "dose_number", "age_in_months", "days_short", "exemption",
            "is_up_to_date", "channel", "is_of_school_year", "delay", "birthday", "year_given", "reason",
        )  # fmt: skip

        def place(row: dict) -> list:
            return [(row[key] is not None, row[key]) for key in keys if key in row]

        return {
            name: sorted((row | {"is_few": False} for row in self._whole(name)), key=place)
            for name in INDICATORS
            if self._has(f"marts.{name}")
        }

    @cached_property
    def school_assignment(self) -> list[dict]:
        """Decisions by age and, in `marts` only, the records that were not used; counts are null where withheld."""
        if self.release:
            query = f"select *, 'decision' as kind, decision as name from {self.published}.school_assignment"
        else:
            query = "select * from marts.school_assignment"
        return self.rows(f"{query} where school_year = ? order by age, kind, name", [self.school_year])

    def schools_of(self, phu_id: str) -> list[dict]:
        """Coverage by school, with small counts withheld from its readers: internal, and empty in a release."""
        if self.release or not self._has("schools.coverage"):
            return []
        query = "select * from schools.coverage where school_year = ? and phu_id = ? order by all"
        return self.rows(query, [self.school_year, phu_id])

    @cached_property
    def data_quality(self) -> list[dict]:
        """Findings in the raw extracts: internal, and left out of a release."""
        if self.release:
            return []
        return self.rows(
            'select * from marts.data_quality where school_year = ? order by table_name, "check"', [self.school_year]
        )

    @cached_property
    def antigen_definitions(self) -> list[dict]:
        """The rules that the build applied, in words."""
        schema = self.published if self.release else "marts"
        query = f"select * from {schema}.antigen_definitions where school_year = ? order by antigen, rule_id"
        return self.rows(query, [self.school_year])

    @cached_property
    def goals(self) -> dict[tuple[str, int], dict]:
        """Goal and lower ends of the map's categories, percent (0–100), by antigen and age.

        Annex: Geographic Distribution. Raises WarehouseError if the file has no goals.
        """
        if not self._has("annex.coverage_goals"):
            raise WarehouseError("no_goals", path=self.path)
        rows = self.rows(
            "select * from annex.coverage_goals "
            "where coalesce(school_year_from, 0) <= ? and coalesce(school_year_before, 9999) > ?",
            [self.first_year, self.first_year],
        )
        return {(row["antigen"], row["age"]): row for row in rows}

    @property
    def first_year(self) -> int:
        return first_year_of(self.school_year)

    @cached_property
    def definitions(self) -> dict:
        """The annex whose definitions apply, `definitions_of`; whether it is the year's own, `is_own_annex_read`; and
        the year before, `school_year_before`, if its definitions are known."""
        years = {row["first_year"]: row for row in self._annex("school_years")}
        if self.first_year not in years:
            raise WarehouseError("no_definitions", path=self.path, school_year=self.school_year)
        before = years.get(self.first_year - 1)
        return years[self.first_year] | {"school_year_before": before and before["school_year"]}

    @cached_property
    def cohorts(self) -> list[int]:
        """Ages at which more than one antigen is assessed."""
        pairs = {(row["age"], row["antigen"]) for row in self.coverage}
        ages = [age for age, _ in pairs]
        return sorted(age for age in set(ages) if ages.count(age) > 1)

    @cached_property
    def phus(self) -> list[dict]:
        """The year's public health units, by name, with the names that a boundary file may have of them.

        `other_names` are the unit's own, `names_of_parts` those of the units that it was made of, `names_to_come` those
        of the units that it becomes part of.
        """
        phus = self.rows(
            f"select distinct phu_id, phu_name from {self.table} "
            "where school_year = ? and geography = 'phu' order by phu_name",
            [self.school_year],
        )
        if self.shown is not None:
            phus = [phu for phu in phus if phu["phu_id"] in self.shown.phu_ids]
        names: dict[str, list[str]] = {}
        for row in self._annex("public_health_units") + self._annex("public_health_unit_aliases"):
            names.setdefault(row["phu_id"], []).append(row.get("alias") or row["phu_name"])
        for phu in phus:
            parts = select(self.mergers, merged_into=phu["phu_id"])
            become = select(self.mergers, phu_id=phu["phu_id"])
            phu["other_names"] = names.get(phu["phu_id"], [])
            phu["names_of_parts"] = [name for row in parts for name in names[row["phu_id"]]]
            phu["names_to_come"] = [name for row in become for name in names[row["merged_into"]]]
        return phus

    @cached_property
    def mergers(self) -> list[dict]:
        """`phu_id` and `merged_into` of every public health unit that has become part of another, in any year."""
        return self._annex("public_health_unit_mergers")

    @cached_property
    def successors(self) -> dict[str, str]:
        """The unit of the school year that a unit of another year has become part of, by the other's id."""
        into = {row["phu_id"]: row["merged_into"] for row in self.mergers}
        of_the_year = {
            row["phu_id"]
            for row in self.units
            if (row["school_year_from"] or 0) <= self.first_year < (row["school_year_before"] or 9999)
        }
        found = {}
        for phu_id in into:
            end = phu_id
            while end in into and end not in of_the_year:
                end = into[end]
            found[phu_id] = end
        return found

    @cached_property
    def new_units(self) -> dict[str, list[dict]]:
        """Public health units that are new in the school year, each with the units that merged into it."""
        units = {row["phu_id"]: row for row in self.units}
        return {
            phu["phu_id"]: [
                units[row["phu_id"]]
                for row in select(self.mergers, merged_into=phu["phu_id"])
                if units[row["phu_id"]]["school_year_before"] == self.first_year
            ]
            for phu in self.phus
            if phu["phu_id"] in units and units[phu["phu_id"]]["school_year_from"] == self.first_year
        }

    @cached_property
    def units(self) -> list[dict]:
        """The public health units of all years, with the years in which they exist."""
        return self._annex("public_health_units")

    @cached_property
    def extraction_days(self) -> int | None:
        """Days from the assessment date to the last recorded date of the year's extracts; null where it is not known.

        A release does not have it."""
        if self.release or not self._has_column("marts.builds", "last_recorded_date"):
            return None
        rows = self.rows(
            "select max(last_recorded_date) as recorded from marts.builds where build_id = ?", [self.build.build_id]
        )
        recorded = rows[0]["recorded"]
        return None if recorded is None else (recorded - assessment_date_of(self.school_year)).days

    def _annex(self, table: str) -> list[dict]:
        """Rows of a table of the annex; none if an earlier version built the warehouse."""
        return self.rows(f"select * from annex.{table}") if self._has(f"annex.{table}") else []

    @cached_property
    def build(self) -> Build:
        """The build of the school year's rows. Raises WarehouseError if the warehouse does not name it."""
        table = f"{self.published}.releases" if self.release else "marts.builds"
        # Builds of an earlier version have no such column, or null.
        has_mark = self._has_column(table, "is_synthetic")
        mark = "coalesce(is_synthetic, is_demonstration)" if has_mark else "is_demonstration"
        row = self.rows(
            f"select build_id, built_at, {mark} as is_synthetic, education_record_window, project_version from {table} "
            # The build of the rows: if the clock was set back, an earlier build has the latest time.
            f"where school_year = ? and build_id in (select build_id from {self.table} where school_year = ?) limit 1",
            [self.school_year] * 2,
        )
        if not row:
            raise WarehouseError("no_build", path=self.path, school_year=self.school_year)
        return Build(**row[0])

    @cached_property
    def suppress_below(self) -> int | None:
        """Threshold of a release: counts above 0 and below it are withheld. None for the internal tables."""
        if not self.release:
            return None
        query = f"select suppress_below from {self.published}.releases where school_year = ?"
        rows = self.rows(query, [self.school_year])
        return rows[0]["suppress_below"]

    def map_category(self, antigen: str, age: int, percent: float | None) -> int | None:
        """Category (1–5) of a percent that is in no mart: of public health units taken together.

        Annex: Geographic Distribution. None without a goal.
        """
        goal = self.goals.get((antigen, age))
        if goal is None or percent is None:
            return None
        return 1 + sum(percent >= goal[f"category_{category}_from"] for category in (2, 3, 4, 5))


def select(rows: list[dict], **values: object) -> list[dict]:
    return [row for row in rows if all(row[column] == value for column, value in values.items())]


def by_status_group(row: dict) -> dict[str, int]:
    """A row's students who are not up to date, in the groups of their statuses."""
    return {group: sum(row.get(status) or 0 for status in statuses) for group, statuses in STATUS_GROUPS.items()}


def has_value(row: dict, column: str) -> bool:
    """The percent is there: neither withheld nor without students."""
    return column not in row["withheld"] and row[column] is not None


def only(rows: list[dict], **values: object) -> dict:
    """The one row with these values. Raises WarehouseError if there is none, or more than one."""
    found = select(rows, **values)
    if len(found) != 1:
        named = ", ".join(f"{column} {value}" for column, value in values.items())
        raise WarehouseError("not_one_row", found=len(found), values=named)
    return found[0]
