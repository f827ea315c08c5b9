"""What report and explorer read: the published warehouse file, read-only, tables of `marts` or of `published`.

`marts` holds every count and is for internal use. `published` holds the same measures for release, with small counts
and those from which they could be derived withheld. A row knows which of its percents are: `withheld`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

# A percent of fewer students moves by five points or more with a single one.
FEW_STUDENTS = 20
EXEMPTIONS = {"students_medical": "medical_percent", "students_nonmedical": "nonmedical_percent"}


class WarehouseError(Exception):
    """The warehouse cannot be read; the message is for the user."""


@dataclass(frozen=True)
class Build:
    """The build that wrote the rows, from `marts.builds`."""

    build_id: str
    built_at: datetime.datetime
    is_demonstration: bool
    education_record_window: str
    project_version: str


class Warehouse:
    """One school year's measures. Rows are dictionaries with the columns of the mart."""

    def __init__(self, path: str | Path, release: bool = False, school_year: str | None = None):
        """`school_year` is the last of the file where none is named."""
        self.path = Path(path)
        self.release = release
        self.schema = "published" if release else "marts"
        if not self.path.is_file():
            raise WarehouseError(f"There is no warehouse {self.path}. `make build` makes one.")
        try:
            self.connection = duckdb.connect(str(self.path), read_only=True)
        except duckdb.Error as error:
            raise WarehouseError(f"{self.path} cannot be opened as a DuckDB file, read-only.") from error
        if not self.has("coverage"):
            raise WarehouseError(f"{self.path} has no table {self.schema}.coverage. `make build` makes it.")
        years = self.rows(f"select distinct school_year from {self.schema}.coverage order by school_year")
        self.school_years = [row["school_year"] for row in years]
        if not self.school_years:
            raise WarehouseError(f"{self.path} has no rows in {self.schema}.coverage.")
        self.school_year = school_year or self.school_years[-1]
        if self.school_year not in self.school_years:
            raise WarehouseError(f"{self.path} has no school year {self.school_year}.")

    def years(self) -> list[Warehouse]:
        """One for each school year of the file."""
        return [Warehouse(self.path, self.release, year) for year in self.school_years]

    def read_all(self) -> Warehouse:
        """Reads every measure and lets go of the file, so that no build finds it open."""
        for name, member in vars(type(self)).items():
            if isinstance(member, cached_property):
                getattr(self, name)
        self.connection.close()
        return self

    def has(self, table: str, schema: str | None = None) -> bool:
        return bool(
            self.connection.execute(
                "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
                [schema or self.schema, table],
            ).fetchone()
        )

    def rows(self, query: str, parameters: list | None = None) -> list[dict]:
        cursor = self.connection.cursor().execute(query, parameters or [])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _measures(self, table: str, counts: dict[str, str], order: str) -> list[dict]:
        """Rows of a mart, each with `withheld`: those percents whose count (`counts`, count to percent) is withheld."""
        if not self.has(table):
            return []
        rows = self.rows(
            f"select * from {self.schema}.{table} where school_year = ? order by {order}", [self.school_year]
        )
        for row in rows:
            row["withheld"] = frozenset(
                percent for count, percent in counts.items() if row["students"] is None or row[count] is None
            )
            row["is_few"] = row["students"] is not None and 0 < row["students"] < FEW_STUDENTS
        return rows

    @cached_property
    def coverage(self) -> list[dict]:
        return self._measures(
            "coverage", {"students_up_to_date": "coverage_percent"}, "age, antigen, geography desc, phu_name"
        )

    @cached_property
    def coverage_all_ispa(self) -> list[dict]:
        return self._measures(
            "coverage_all_ispa", {"students_up_to_date": "coverage_percent"}, "age, geography desc, phu_name"
        )

    @cached_property
    def series_uptake(self) -> list[dict]:
        counts = {f"students_{kind}": f"{kind}_percent" for kind in ("initiated", "completed", "unimmunized")}
        return self._measures("series_uptake", counts, "antigen, age, gender, geography desc, phu_name")

    @cached_property
    def exemptions(self) -> list[dict]:
        return self._measures("exemptions", EXEMPTIONS, "age, antigen, geography desc, phu_name")

    @cached_property
    def exemptions_any_ispa(self) -> list[dict]:
        return self._measures("exemptions_any_ispa", EXEMPTIONS, "age, geography desc, phu_name")

    @cached_property
    def school_assignment(self) -> list[dict]:
        if not self.has("school_assignment"):
            return []
        return self.rows(
            f"select * from {self.schema}.school_assignment where school_year = ? order by age, kind, name",
            [self.school_year],
        )

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
        """The rules, which hold no counts: the same for both."""
        return self.rows(
            "select * from marts.antigen_definitions where school_year = ? order by antigen, rule_id",
            [self.school_year],
        )

    @cached_property
    def goals(self) -> dict[tuple[str, int], dict]:
        """Goal and lower ends of the map's categories by antigen and age."""
        first_year = int(self.school_year[:4])
        rows = self.rows(
            "select * from annex.coverage_goals "
            "where coalesce(school_year_from, 0) <= ? and coalesce(school_year_before, 9999) > ?",
            [first_year, first_year],
        )
        return {(row["antigen"], row["age"]): row for row in rows}

    @cached_property
    def phus(self) -> list[dict]:
        """The year's public health units, by name."""
        return self.rows(
            f"select distinct phu_id, phu_name from {self.schema}.coverage "
            "where school_year = ? and phu_id is not null order by phu_name",
            [self.school_year],
        )

    @cached_property
    def build(self) -> Build:
        row = self.rows(
            "select builds.build_id, builds.built_at, builds.is_demonstration, builds.education_record_window, "
            "builds.project_version from marts.builds as builds "
            "where builds.school_year = ? order by builds.built_at desc limit 1",
            [self.school_year],
        )
        if not row:
            raise WarehouseError(f"{self.path}: marts.builds has no build of {self.school_year}.")
        return Build(**row[0])

    def map_category(self, antigen: str, age: int, percent: float | None) -> int | None:
        """Category of a percent that is in no mart: of public health units taken together."""
        goal = self.goals.get((antigen, age))
        if goal is None or percent is None:
            return None
        return 1 + sum(percent >= goal[f"category_{category}_from"] for category in (2, 3, 4, 5))


def select(rows: list[dict], **values: object) -> list[dict]:
    return [row for row in rows if all(row[column] == value for column, value in values.items())]


def has_value(row: dict, column: str) -> bool:
    """The percent is there: neither withheld nor without students."""
    return column not in row["withheld"] and row[column] is not None


def only(rows: list[dict], **values: object) -> dict:
    found = select(rows, **values)
    if len(found) != 1:
        raise WarehouseError(f"{len(found)} rows for {values}, where there should be one.")
    return found[0]
