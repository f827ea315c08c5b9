"""The rule that decides what a release withholds, run on tables that are not the warehouse's.

An attacker who has read the project can test every table that fits a release: it remains possible only if the rule
makes exactly that release from it. `decide` runs the rule's own SQL, the models of models/intermediate/release, on any
number of such tables at once: ages are decided independently of each other, so a table is identified by its ages.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Self

import duckdb
import jinja2
import numpy as np

from immunization_coverage.project import ROOT

MODELS = ("int_release_cells", "int_release_decisions", "int_release_genders")
SCENARIO = 100  # a table's ages are its number times this, plus the age
GENDERS = ("F", "M")

# (name, unit) of a count, as attack.py names its variables.
Count = tuple[str, str]
# The withheld cells of an age, (column, unit); GENDERS_WITHHELD if its counts by gender are.
Pattern = frozenset[Count]
Reasons = dict[Count, str]
GENDERS_WITHHELD = ("genders", "province")


@dataclass(frozen=True)
class Frame:
    """What is counted at an age: antigens, by what they are assessed for. From seeds/annex/assessed_antigens.csv.

    For antigens `with_immunity`, immune students complete a series without beginning it."""

    antigens: tuple[str, ...]
    in_all_ispa: frozenset[str]
    of_one_gender: dict[str, str] = field(default_factory=dict)
    with_immunity: frozenset[str] = frozenset()


def frames(connection: duckdb.DuckDBPyConnection, first_year: int) -> dict[int, Frame]:
    """What is counted in a school year, by age."""
    rows = connection.execute(
        "select age, antigen, gender, is_in_all_ispa_coverage from annex.assessed_antigens "
        "where coalesce(school_year_from, 0) <= ? and ? < coalesce(school_year_before, 9999) order by all",
        [first_year, first_year],
    ).fetchall()
    immunity = {
        antigen
        for (antigen,) in connection.execute(
            "select distinct antigen from annex.exemption_labels where is_immunity_label"
        ).fetchall()
    }
    return {
        age: Frame(
            tuple(antigen for a, antigen, _, _ in rows if a == age),
            frozenset(antigen for a, antigen, _, is_in in rows if a == age and is_in),
            {antigen: gender for a, antigen, gender, _ in rows if a == age and gender},
            frozenset(antigen for a, antigen, _, _ in rows if a == age and antigen in immunity),
        )
        for age in sorted({row[0] for row in rows})
    }


def rendered(name: str, suppress_below: int) -> str:
    """A model of the rule as SQL, at a threshold, on tables of schema `rule`."""
    context = {
        "ref": lambda name: f"rule.{name}",
        "suppress_below": lambda: suppress_below,
        "dbt": SimpleNamespace(type_string=lambda: "varchar"),
    }
    folder = ROOT / "models" / "intermediate" / "release"
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined)
    return environment.get_template(f"{name}.sql").render(context)


@dataclass(frozen=True)
class Counted:
    """The rows of a model that the rule reads: their texts, and which counts (by place) are their numbers."""

    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    rows: list[tuple[tuple[str | None, ...], tuple[int, ...]]]


def models_of(frame: Frame, counts: Sequence[Count]) -> dict[str, Counted]:
    """The models whose numbers `counts` are, as models/intermediate/release reads them."""
    place = {count: i for i, count in enumerate(counts)}
    units = [unit for name, unit in counts if name == "students"]
    rows: list[tuple[tuple[str | None, ...], tuple[int, ...]]] = []

    def students(antigen: str | None, unit: str, gender: str) -> int:
        gender = frame.of_one_gender.get(antigen or "", gender)
        return place["students" if gender == "all" else f"students {gender}", unit]

    def add(
        measures: dict[str, str], antigen: str | None = None, gender: str = "all", *, of_everybody: bool = False
    ) -> None:
        """Adds a row per unit and measure that has a count: the measure's name, and that of the count."""
        for unit in units:
            if all((name, unit) in place for name in measures.values()):
                geography, phu_id = ("province", None) if unit == "province" else ("phu", unit)
                whole = students(None if of_everybody else antigen, unit, gender)
                rows.extend(
                    ((measure, geography, phu_id, antigen, gender), (whole, place[name, unit]))
                    for measure, name in measures.items()
                )

    exemptions = ("medical_exemption", "nonmedical_exemption")
    for antigen in frame.antigens:
        add({"coverage": f"coverage/{antigen}"}, antigen)
        add({name: f"{name}/{antigen}" for name in exemptions}, antigen, of_everybody=True)
        only = frame.of_one_gender.get(antigen)
        for gender in ("all", only) if only else ("all", *GENDERS):
            suffix = "" if gender in ("all", only) else f" {gender}"
            series = {"initiation": "initiation", "completion": "coverage", "unimmunized": "unimmunized"}
            add({measure: f"{name}/{antigen}{suffix}" for measure, name in series.items()}, antigen, gender)
    add({"coverage_all_ispa": "coverage_all_ispa"})
    add({f"{name}_any_ispa": f"{name}_any_ispa" for name in exemptions})
    decisions: list[tuple[tuple[str | None, ...], tuple[int, ...]]] = [
        (("decision", unit), (place[name, unit],)) for name, unit in counts if name == "school_assignment"
    ]
    return {
        "int_measures": Counted(
            ("measure", "geography", "phu_id", "antigen", "gender"), ("students", "students_counted"), rows
        ),
        "int_school_assignment": Counted(("kind", "name"), ("students",), decisions),
    }


class Rule:
    """The rule at one threshold, and what it withholds whatever the counts: columns in all units, (age, column), and
    counts of one unit, (age, column, unit), that another school year gives away or that protect those."""

    def __init__(self, all_frames: dict[int, Frame], suppress_below: int) -> None:
        self.frames = all_frames
        self.suppress_below = suppress_below
        self.sql = {name: rendered(name, suppress_below) for name in MODELS}
        self.columns_withheld: dict[tuple[int, str], str] = {}
        self.units_withheld: set[tuple[int, str, str]] = set()
        self.units_protecting: set[tuple[int, str, str]] = set()

    def without_other_years(self) -> Self:
        """The same rule, which withholds nothing because of another school year."""
        rule = copy(self)
        rule.units_withheld = set()
        return rule

    def decide(self, age: int, counts: Sequence[Count], tables: np.ndarray) -> list[Reasons]:
        """What the rule withholds of each table, and why. A row of `tables` has the values of all `counts`."""
        withheld: list[Reasons] = [{} for _ in tables]
        with duckdb.connect() as connection:
            connection.execute("set enable_progress_bar = false")
            connection.execute("create schema rule")
            self._write(connection, age, counts, tables)
            for name, query in self.sql.items():
                connection.execute(f"create table rule.{name} as {query}")
            for scenario_age, column, unit, reason in connection.execute(
                "select age, column_name, unit, withheld_reason from rule.int_release_decisions "
                "where withheld_reason is not null"
            ).fetchall():
                withheld[scenario_age // SCENARIO][column, unit] = reason
            for (scenario_age,) in connection.execute("select age from rule.int_release_genders").fetchall():
                withheld[scenario_age // SCENARIO][GENDERS_WITHHELD] = "small_gender"
        return withheld

    def _write(
        self, connection: duckdb.DuckDBPyConnection, age: int, counts: Sequence[Count], tables: np.ndarray
    ) -> None:
        frame = self.frames[age]
        ages = np.arange(len(tables), dtype=np.int32) * SCENARIO + age
        connection.execute("create temp table ages as select unnest(?::int[]) as age", [ages.tolist()])
        connection.execute("create temp table frame (antigen varchar, gender varchar, is_in_all_ispa_coverage boolean)")
        connection.executemany(
            "insert into frame values (?, ?, ?)",
            [(name, frame.of_one_gender.get(name), name in frame.in_all_ispa) for name in frame.antigens],
        )
        connection.execute("create table rule.int_geographies_by_antigen as from ages cross join frame")
        connection.execute("create temp table forced (column_name varchar, geography varchar)")
        forced = [(column, geography) for (own, column), geography in self.columns_withheld.items() if own == age]
        forced += [(column, unit) for own, column, unit in sorted(self.units_withheld) if own == age]
        if forced:
            connection.executemany("insert into forced values (?, ?)", forced)
        connection.execute("create table rule.release_columns_withheld as from ages cross join forced")
        for name, model in models_of(frame, counts).items():
            typed = ", ".join(f"{text} varchar" for text in model.texts)
            connection.execute(f"create temp table {name}_texts (row_number int, {typed})")
            if model.rows:
                lists = [list(column) for column in zip(*(texts for texts, _ in model.rows), strict=True)]
                unnested = ", ".join("unnest(?::varchar[])" for _ in lists)
                connection.execute(
                    f"insert into {name}_texts select unnest(range({len(model.rows)})), {unnested}", lists
                )
            places = np.array([numbers for _, numbers in model.rows], dtype=int).reshape(-1, len(model.numbers))
            numbers = {
                "row_number": np.tile(np.arange(len(model.rows), dtype=np.int32), len(tables)),
                "age": np.repeat(ages, len(model.rows)),
            } | {column: tables[:, places[:, i]].reshape(-1).astype(np.int64) for i, column in enumerate(model.numbers)}
            connection.register(f"{name}_numbers", numbers)
            connection.execute(
                f"create table rule.{name} as select * exclude (row_number) "
                f"from {name}_numbers inner join {name}_texts using (row_number)"
            )
            connection.unregister(f"{name}_numbers")
