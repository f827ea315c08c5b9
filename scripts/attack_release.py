#!/usr/bin/env python3
"""Attack the published tables by differencing, with nothing but the tables and what their documentation says.

    attack_release.py [warehouse.duckdb]

warehouse.duckdb  the file to attack (default: WAREHOUSE_PATH, or warehouse.duckdb in the project folder); only read

Every withheld count becomes an unknown. What the tables and the annex say of the counts becomes equations and
inequalities:

- public health units add up to the province, decisions of school assignment and genders to the students;
- a count is at least 0 and at most what it is counted among; who is up to date for all is up to date for each antigen,
  who is not lacks at least one; who is exempt for an antigen is exempt for any, who is exempt for any is exempt for at
  least one; who has completed HPV has begun it, who has begun is not unimmunized;
- the reason says on which side a count is small, and a unit that hides others is known to be at least twice the
  threshold, less 2, from both sides.

Two attacks: `derived_exactly` eliminates (what linear algebra alone gives away), `narrow_ranges` minimises and
maximises (linear programs). What they are after is every number of students that is small: a count, what is left of its
denominator, or its difference from a count that it is nested in. The release holds if each of them keeps at least
threshold - 1 possible values, as many as "above 0 and below the threshold" has.

It knows nothing of the SQL that withholds, and must be able to succeed. The true counts, from `marts`, only tell it
what to look at.

Exit status: 0 nothing found; 1 something was, by name and number of possible values, never with its count; 2 a wrong
argument.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, floor
from pathlib import Path

import duckdb
import highspy
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
INFINITY = highspy.kHighsInf

# A variable is (age, name, unit); a quantity is a sum of variables with coefficients.
Variable = tuple[int, str, str]
Quantity = tuple[tuple[Variable, int], ...]
QuantityName = tuple[int, str, str]


@dataclass
class Release:
    """Rows of published.measures and published.school_assignment, and the threshold of published.releases."""

    measures: list[dict]
    school_assignment: list[dict]
    suppress_below: int


@dataclass
class System:
    known: dict[Variable, int] = field(default_factory=dict)
    unknown: set[Variable] = field(default_factory=set)
    # Sum of coefficients times variables is from … to ….
    rows: list[tuple[dict[Variable, int], float, float]] = field(default_factory=list)
    quantities: dict[QuantityName, Quantity] = field(default_factory=dict)

    def add(self, variable: Variable, value: int | None) -> None:
        if value is None:
            self.unknown.add(variable)
        else:
            assert self.known.setdefault(variable, value) == value, variable

    def require(self, terms: Iterable[tuple[Variable, int]], low: float = -INFINITY, high: float = INFINITY) -> None:
        coefficients: dict[Variable, int] = defaultdict(int)
        for variable, coefficient in terms:
            if variable in self.known:
                low -= coefficient * self.known[variable]
                high -= coefficient * self.known[variable]
            else:
                self.unknown.add(variable)
                coefficients[variable] += coefficient
        if coefficients:
            self.rows.append((dict(coefficients), low, high))
        else:
            assert low <= 0 <= high, list(terms)


def read_system(release: Release) -> System:
    system = System()
    threshold = release.suppress_below
    all_of_one_gender = {
        (row["age"], row["antigen"]) for row in release.measures if row["measure"] == "students" and row["antigen"]
    }
    reasons: dict[Variable, str | None] = {}
    columns: dict[tuple[int, str], set[str]] = defaultdict(set)

    def named(row: dict) -> tuple[Variable, Variable]:
        """The variables of a row's count and of its denominator."""
        unit = row["phu_id"] or "province"
        only = (row["age"], row["antigen"]) in all_of_one_gender
        gender = "" if row["gender"] == "all" and not only else " F" if only else f" {row['gender']}"
        students = (row["age"], f"students{gender}", unit)
        if row["measure"] == "students":
            return students, students
        # Completion is coverage of the series.
        measure = "coverage" if row["measure"] == "completion" else row["measure"]
        name = f"{measure}/{row['antigen']}" if row["antigen"] else measure
        return (row["age"], name + ("" if only else gender), unit), students

    values: dict[Variable, int | None] = {}
    for row in release.measures:
        count, students = named(row)
        for variable, value in ((count, row["students_counted"]), (students, row["students"])):
            if value is None and row["percent"] is not None and row["students"]:
                value = round(row["percent"] * row["students"] / 100)
            values[variable] = value if value is not None else values.get(variable)
            columns[variable[0], variable[1]].add(variable[2])
        if row["withheld_reason"]:
            reasons[count] = row["withheld_reason"]
    for row in release.school_assignment:
        variable = (row["age"], "school_assignment", row["decision"])
        values[variable] = row["students"]
        if row["withheld_reason"]:
            reasons[variable] = row["withheld_reason"]
    for variable, value in values.items():
        system.add(variable, value)

    # The province is the sum of its units, and of its decisions.
    for (age, name), units in columns.items():
        parts = [((age, name, unit), 1) for unit in units - {"province"}]
        if parts and "province" in units:
            system.require([*parts, ((age, name, "province"), -1)], 0, 0)
    for age in {row["age"] for row in release.school_assignment}:
        decisions = [row["decision"] for row in release.school_assignment if row["age"] == age]
        parts = [((age, "school_assignment", decision), 1) for decision in decisions]
        system.require([*parts, ((age, "students", "province"), -1)], 0, 0)

    def nest(quantity_name: str, variable: Variable, terms: list[tuple[Variable, int]], at_least: float = 0) -> None:
        """What a subtraction gives is a number of students too."""
        age, name, unit = variable
        system.quantities[age, f"{name}: {quantity_name}", unit] = tuple(terms)
        system.require(terms, at_least)

    sides: dict[Variable, dict[str, list[tuple[Variable, int]]]] = defaultdict(dict)
    for variable in values:
        age, name, unit = variable
        gender = name[-2:] if name[-2:] in (" F", " M") else ""
        plain, _, antigen = name.removesuffix(gender).partition("/")
        if plain == "school_assignment":
            nest("count", variable, [(variable, 1)])
            sides[variable] = {"small_count": [(variable, 1)]}
            continue
        if plain == "students":
            nest("count", variable, [(variable, 1)])
            sides[variable]["small_count"] = [(variable, 1)]
            if gender:
                everybody = (age, "students", unit)
                nest("remainder", variable, [(everybody, 1), (variable, -1)])
                sides[variable]["small_remainder"] = [(everybody, 1), (variable, -1)]
            continue
        students = (age, f"students{gender or (' F' if (age, antigen) in all_of_one_gender else '')}", unit)
        nest("count", variable, [(variable, 1)])
        nest("remainder", variable, [(students, 1), (variable, -1)])
        sides[variable] = {"small_count": [(variable, 1)], "small_remainder": [(students, 1), (variable, -1)]}
        all_ispa = (age, "coverage_all_ispa", unit)
        any_ispa = (age, f"{plain}_any_ispa", unit)
        completed = (age, f"coverage/{antigen}{gender}", unit)
        initiated = (age, f"initiation/{antigen}{gender}", unit)
        if plain == "initiation":
            difference = [(variable, 1), (completed, -1)]
            # The immune complete hepatitis B without beginning it.
            nest("begun, not completed", variable, difference, 0 if antigen == "hpv" else -INFINITY)
            sides[variable]["small_difference"] = difference
        elif plain == "unimmunized":
            difference = [(students, 1), (initiated, -1), (variable, -1)]
            nest("no valid dose", variable, difference)
            sides[variable]["small_difference"] = difference
        elif plain == "coverage" and all_ispa in values and antigen in ispa_antigens(age):
            difference = [(variable, 1), (all_ispa, -1)]
            nest("not all", variable, difference)
            sides[variable]["small_difference"] = difference
        elif antigen and any_ispa in values:
            difference = [(any_ispa, 1), (variable, -1)]
            nest("exempt for another", variable, difference)
            sides[variable]["small_difference"] = difference

    # Together the antigens cover those who lack any, and those exempt for any.
    for age, name, unit in list(values):
        if name == "coverage_all_ispa":
            parts = [(age, f"coverage/{antigen}", unit) for antigen in ispa_antigens(age)]
            everybody = (age, "students", unit)
            terms = [t for part in parts for t in ((everybody, 1), (part, -1))]
            system.require([*terms, (everybody, -1), ((age, name, unit), 1)], 0)
        elif name.endswith("_any_ispa"):
            measure = name.removesuffix("_any_ispa")
            parts = [v for v in values if v[0] == age and v[2] == unit and v[1].startswith(f"{measure}/")]
            system.require([*((part, 1) for part in parts), ((age, name, unit), -1)], 0)

    # Who is neither F nor M is the rest.
    for age, name, unit in list(values):
        if name.endswith(" F") and (age, name[:-2] + " M", unit) in values:
            terms = [((age, name[:-2], unit), 1), ((age, name, unit), -1), ((age, name[:-2] + " M", unit), -1)]
            nest("neither F nor M", (age, name[:-2], unit), terms)
            plain, _, antigen = name[:-2].partition("/")
            if antigen:
                rest = [((age, "students" + suffix, unit), sign) for suffix, sign in (("", 1), (" F", -1), (" M", -1))]
                nest("neither F nor M, remainder", (age, name[:-2], unit), [*rest, *((v, -c) for v, c in terms)])

    # What the reasons say.
    for variable, reason in reasons.items():
        if reason in sides[variable]:
            either_sign = reason == "small_difference" and variable[1].startswith("initiation/hepatitis_b")
            low = -(threshold - 1) if either_sign else 1
            system.require(sides[variable][reason], low, threshold - 1)
        elif reason == "complementary" and variable[2] != "province":
            for terms in sides[variable].values():
                system.require(terms, 2 * threshold - 2)
    return system


def ispa_antigens(age: int) -> list[str]:
    """As the annex lists them: Up-to-Date Coverage Estimates for all ISPA-Designated Diseases."""
    common = ["measles", "mumps", "rubella", "diphtheria", "tetanus", "polio", "pertussis"]
    return {7: [*common, "mcc", "varicella"], 17: [*common, "mcv4"]}.get(age, [])


def components(system: System) -> list[tuple[list[Variable], list[tuple[dict[Variable, int], float, float]]]]:
    """Unknowns that no row connects are attacked apart."""
    leader = {variable: variable for variable in system.unknown}

    def find(variable: Variable) -> Variable:
        while leader[variable] != variable:
            leader[variable] = leader[leader[variable]]
            variable = leader[variable]
        return variable

    for coefficients, _, _ in system.rows:
        first, *others = coefficients
        for other in others:
            leader[find(other)] = find(first)
    members: dict[Variable, list[Variable]] = defaultdict(list)
    rows: dict[Variable, list] = defaultdict(list)
    for variable in sorted(system.unknown):
        members[find(variable)].append(variable)
    for row in system.rows:
        rows[find(next(iter(row[0])))].append(row)
    return [(members[key], rows[key]) for key in members]


def derived_exactly(system: System) -> set[QuantityName]:
    """Quantities that the equations alone fix: they do not move in any direction that the equations leave open."""
    open_directions, place = {}, {}
    for number, (variables, rows) in enumerate(components(system)):
        index = {variable: i for i, variable in enumerate(variables)}
        place |= {variable: (number, i) for variable, i in index.items()}
        equations = [coefficients for coefficients, low, high in rows if low == high]
        matrix = np.zeros((len(equations), len(variables)))
        for i, coefficients in enumerate(equations):
            for variable, coefficient in coefficients.items():
                matrix[i, index[variable]] = coefficient
        if equations:
            _, singular, directions = np.linalg.svd(matrix)
            open_directions[number] = directions[int((singular > 1e-9).sum()):]
        else:
            open_directions[number] = np.eye(len(variables))
    found = set()
    for name, quantity in system.quantities.items():
        moves: dict[int, np.ndarray | float] = defaultdict(float)
        for variable, coefficient in quantity:
            if variable in place:
                number, i = place[variable]
                moves[number] = moves[number] + coefficient * open_directions[number][:, i]
        if moves and all(np.abs(move).max(initial=0) < 1e-7 for move in moves.values()):
            found.add(name)
    return found


class Component:
    """Unknowns that hang together, as a linear program whose every solution is kept: each shows what is possible."""

    def __init__(self, variables: list[Variable], rows: list[tuple[dict[Variable, int], float, float]]) -> None:
        self.index = {variable: i for i, variable in enumerate(variables)}
        self.model = highspy.Highs()
        self.model.setOptionValue("output_flag", False)
        for _ in variables:
            self.model.addVar(0, INFINITY)
        for coefficients, low, high in rows:
            indexes = np.array([self.index[variable] for variable in coefficients], dtype=np.int32)
            self.model.addRow(low, high, len(indexes), indexes, np.array(list(coefficients.values()), dtype=np.float64))
        self.solutions: list[np.ndarray] = []

    def coefficients(self, quantity: Quantity) -> dict[int, int]:
        found: dict[int, int] = defaultdict(int)
        for variable, coefficient in quantity:
            if variable in self.index:
                found[self.index[variable]] += coefficient
        return {i: coefficient for i, coefficient in found.items() if coefficient}

    def seen(self, objective: dict[int, int]) -> tuple[float, float]:
        if not self.solutions:
            return 0, -1
        indexes = list(objective)
        values = np.array([solution[indexes] for solution in self.solutions]) @ np.array(list(objective.values()))
        return float(values.min()), float(values.max())

    def optimum(self, objective: dict[int, int], sense: highspy.ObjSense) -> float:
        for i, cost in objective.items():
            self.model.changeColCost(i, cost)
        self.model.changeObjectiveSense(sense)
        self.model.run()
        status = self.model.getModelStatus()
        value = self.model.getInfo().objective_function_value
        for i in objective:
            self.model.changeColCost(i, 0)
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return INFINITY if sense == highspy.ObjSense.kMaximize else -INFINITY
        if status != highspy.HighsModelStatus.kOptimal:
            raise ValueError(f"The published tables contradict each other, or the attack them: {status}.")
        self.solutions.append(np.array(self.model.getSolution().col_value))
        return value


def possible_values(low: float, high: float) -> int:
    if low < -1e15 or high > 1e15:
        return 10**9
    return floor(high + 1e-6) - ceil(low - 1e-6) + 1


def narrow_ranges(system: System, names: Iterable[QuantityName], values_wanted: int) -> dict[QuantityName, int]:
    """The quantities that the tables leave fewer possible values than wanted, and how many."""
    parts = [Component(variables, rows) for variables, rows in components(system)]
    found = {}
    for name in names:
        quantity = system.quantities[name]
        objectives = [(part, objective) for part in parts if (objective := part.coefficients(quantity))]
        if any(possible_values(*part.seen(objective)) >= values_wanted for part, objective in objectives):
            continue
        low = high = 0.0
        for part, objective in objectives:
            low += part.optimum(objective, highspy.ObjSense.kMinimize)
            high += part.optimum(objective, highspy.ObjSense.kMaximize)
        if possible_values(low, high) < values_wanted:
            found[name] = possible_values(low, high)
    return found


def attack(release: Release, true_counts: Release) -> list[str]:
    """What the attack finds, a sentence each."""
    system, truth = read_system(release), read_system(true_counts)

    def is_small(name: QuantityName) -> bool:
        value = sum(coefficient * truth.known[variable] for variable, coefficient in truth.quantities[name])
        return 0 < abs(value) < release.suppress_below

    small = sorted(name for name in system.quantities if is_small(name))
    printed = {name for name in small if all(variable in system.known for variable, _ in system.quantities[name])}
    hidden = [name for name in small if name not in printed]
    exact = derived_exactly(system) & set(hidden)
    narrow = narrow_ranges(system, hidden, release.suppress_below - 1)

    def said(name: QuantityName) -> str:
        return f"{name[1]}, age {name[0]}, {name[2]}"

    return (
        [f"{said(name)}: printed, or the difference of two printed counts." for name in sorted(printed)]
        + [f"{said(name)}: follows from sums." for name in sorted(exact)]
        + [f"{said(name)}: {values} possible values." for name, values in sorted(narrow.items())]
    )


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def published(connection: duckdb.DuckDBPyConnection) -> Release:
    return Release(
        rows_of(connection, "from published.measures"),
        rows_of(connection, "from published.school_assignment"),
        connection.execute("select suppress_below from published.releases").fetchall()[0][0],
    )


def true_counts(connection: duckdb.DuckDBPyConnection, suppress_below: int) -> Release:
    """The same rows from `marts`, nothing withheld."""
    series = {"completion": "completed", "initiation": "initiated", "unimmunized": "unimmunized"}
    everybody = "'all' as gender, students"
    for_all = "null as antigen, 'all' as gender, students"
    selects = [
        ("students", "coverage", "null as antigen, 'all' as gender, max(students) as students, max(students)",
         "group by all"),
        # An antigen that is assessed for one gender has no row of the other.
        ("students", "series_uptake", f"antigen, {everybody}, students",
         "where gender = 'all' "
         "and (age, antigen) not in (select (age, antigen) from marts.series_uptake where gender = 'M')"),
        ("coverage", "coverage", f"antigen, {everybody}, students_up_to_date", ""),
        ("coverage_all_ispa", "coverage_all_ispa", f"{for_all}, students_up_to_date", ""),
        *((measure, "series_uptake", f"antigen, gender, students, students_{column}",
           "where geography = 'province' or gender = 'all'") for measure, column in series.items()),
        *((f"{kind}_exemption", "exemptions", f"antigen, {everybody}, students_{kind}", "")
          for kind in ("medical", "nonmedical")),
        *((f"{kind}_exemption_any_ispa", "exemptions_any_ispa", f"{for_all}, students_{kind}", "")
          for kind in ("medical", "nonmedical")),
    ]
    return Release(
        [
            row | {"measure": measure, "percent": None, "withheld_reason": None}
            for measure, table, columns, condition in selects
            for row in rows_of(
                connection, f"select phu_id, age, {columns} as students_counted from marts.{table} {condition}"
            )
        ],
        rows_of(
            connection,
            "select age, name as decision, students, null as withheld_reason from marts.school_assignment "
            "where kind = 'decision'",
        ),
        suppress_below,
    )


def attack_warehouse(connection: duckdb.DuckDBPyConnection) -> list[str]:
    release = published(connection)
    return attack(release, true_counts(connection, release.suppress_below))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("WAREHOUSE_PATH") or ROOT / "warehouse.duckdb")
    parser.add_argument("warehouse", nargs="?", default=default, type=Path, metavar="warehouse.duckdb")
    warehouse = parser.parse_args().warehouse
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = attack_warehouse(connection)
    except duckdb.Error as error:
        print(f"{warehouse} has no published tables to attack ({error}). Build it first.")
        return 1
    print("\n".join(found) if found else "Nothing small can be derived from the published tables.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
