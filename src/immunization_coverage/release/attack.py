"""Independent differencing attack on the published tables, by a reader who knows the measures and the suppression rule.

Every withheld count is an unknown whole number. A quantity is a count, its denominator less the count, or its
difference from a count that includes it; it is small if it is above 0 and below the threshold. A small quantity is safe
if at least threshold - 1 of its values remain possible, the number of values above 0 and below the threshold. Levels:

- `tables`: sums over public health units, decisions and genders; a count is at most its denominator; students up to
  date for all antigens are up to date for each, and the others lack at least one; students exempt for an antigen are
  exempt for any; students who completed HPV have begun it, and those who have begun are not unimmunized.
- `rule`: also the documentation and the code: a table remains possible only if the project's own SQL (rule.py) makes
  exactly this release from it.
- `earlier releases`: also the counts that earlier releases print, each made from the same table.

What other school years print of the same students (cohorts.py) is known at each level: a quantity less what another
year prints of it is a quantity as well.

The attack searches for other tables with linear programs (HiGHS), without rounding. It checks each in whole numbers and
accepts it if the rule makes this release from it: each value counted as possible has a table that proves it. A quantity
that is safe at the last level is safe at every level. A search that ends without enough values counts as a finding: the
release is then not safe, even if nobody could derive the count. The tables of schema `schools`, which stay inside the
organization, are attacked after the release (attack_schools.py).
"""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import duckdb
import highspy
import numpy as np

from immunization_coverage.release.attack_schools import Rule as SchoolRule
from immunization_coverage.release.attack_schools import attack_schools
from immunization_coverage.release.cohorts import (
    PARTS,
    SINCE,
    Area,
    OtherYear,
    OtherYears,
    changed_among,
    known_sum,
    mergers_of,
    students_of,
    with_units_together,
)
from immunization_coverage.release.rule import GENDERS_WITHHELD, Count, Frame, Pattern, Reasons, Rule, frames
from immunization_coverage.warehouse import records_of, warehouse_path
from immunization_coverage.years import attach_years, first_year_of, use_year

INFINITY = highspy.kHighsInf

Quantity = tuple[tuple[int, int], ...]  # places of counts, with their signs
QuantityName = tuple[str, str]


@dataclass
class Release:
    """Rows of published.measures and published.school_assignment, and the threshold of published.releases."""

    measures: list[dict]
    school_assignment: list[dict]
    suppress_below: int


@dataclass(frozen=True)
class Finding:
    """A small quantity with fewer possible values than required; 0 if its count or difference is printed."""

    age: int
    name: str
    unit: str
    values: int
    level: str

    @property
    def column(self) -> str:
        """The column of the rule that decides it."""
        return column_of_quantity(self.name)

    @property
    def is_of_other_year(self) -> bool:
        """Whether it follows from the difference to another school year."""
        return f", {SINCE} " in self.name or f", {PARTS} " in self.name

    def __str__(self) -> str:
        what = (
            "printed, or the difference of two printed counts"
            if self.values == 0
            else (f"{self.values} possible value{'s' if self.values > 1 else ''}")
        )
        return f"{self.name}, age {self.age}, {self.unit}: {what} ({self.level})."


def column_of_quantity(name: str) -> str:
    """The column of the rule that decides a quantity."""
    count = name.partition(":")[0]
    is_by_gender = count[-2:] in (" F", " M") or "neither F nor M" in name
    return GENDERS_WITHHELD[0] if is_by_gender else count


LEVELS = ("tables", "rule", "earlier releases")


@dataclass
class Result:
    """What an attack found: `attacked` small quantities, and those that are not safe."""

    attacked: int = 0
    findings: list[Finding] = field(default_factory=list)
    levels: tuple[str, ...] = LEVELS[:1]
    has_other_years: bool = False
    # Ages for which the rule makes another release of the true counts: attacked at level `tables` only.
    unexplained: list[int] = field(default_factory=list)

    @property
    def is_safe(self) -> bool:
        return not self.findings and not self.unexplained

    def lines(self) -> list[str]:
        """What is known, and what follows from it: a line for each level."""
        lines = []
        names = ("tables of all years" if self.has_other_years else self.levels[0], *self.levels[1:])
        for i in range(len(self.levels)):
            found = [finding for finding in self.findings if finding.level in LEVELS[: i + 1]]
            exact = sum(finding.values < 2 for finding in found)
            lines.append(
                f"Known: {' and '.join(names[: i + 1])}. {self.attacked:,} small quantities attacked, "
                f"{len(found) - exact} narrowed, {exact} found exactly."
            )
        if self.unexplained:
            lines.append(f"Not the release that the rule makes: ages {', '.join(map(str, self.unexplained))}.")
        return lines


class Contradiction(ValueError):
    """Two releases, or two rows of one, print different numbers for the same count."""


def values_of(releases: Sequence[Release], all_frames: dict[int, Frame]) -> dict[int, dict[Count, int | None]]:
    """By age, every count that the releases have a row for; None if all of them withhold it."""
    values: dict[int, dict[Count, int | None]] = defaultdict(dict)

    def learn(age: int, count: Count, value: int | None) -> None:
        known = values[age].setdefault(count, value)
        if known is None:
            values[age][count] = value
        elif value is not None and value != known:
            raise Contradiction(f"Two numbers are printed for {count[0]}, age {age}, {count[1]}.")

    for row in [row for release in releases for row in release.measures]:
        count, students = counts_of(row, all_frames[row["age"]])
        learn(row["age"], students, row["students"])
        counted = row["students_counted"]
        if counted is None and row["percent"] is not None and row["students"]:
            counted = round(row["percent"] * row["students"] / 100)
        learn(row["age"], count, counted)
    for row in [row for release in releases for row in release.school_assignment]:
        learn(row["age"], ("school_assignment", row["decision"]), row["students"])
    return dict(values)


def counts_of(row: dict, frame: Frame) -> tuple[Count, Count]:
    """The count and the denominator of a row of published.measures."""
    antigen, unit = row["antigen"], row["phu_id"] or "province"
    only = frame.of_one_gender.get(antigen or "")
    gender = f" {only}" if only else "" if row["gender"] == "all" else f" {row['gender']}"
    students = (f"students{gender}", unit)
    if row["measure"] == "students":
        return students, students
    name, unit = column_of(row)
    return (name + ("" if only else gender), unit), students


def ratios_of(
    releases: Sequence[Release], all_frames: dict[int, Frame]
) -> dict[int, list[tuple[Count, Count, Fraction]]]:
    """A percent with all its digits gives the ratio, even if its counts are not printed."""
    ratios: dict[int, list[tuple[Count, Count, Fraction]]] = defaultdict(list)
    for row in [row for release in releases for row in release.measures]:
        if row["percent"] is not None and (row["students"] is None or row["students_counted"] is None):
            share = Fraction(row["percent"] / 100).limit_denominator(100_000)
            ratios[row["age"]].append((*counts_of(row, all_frames[row["age"]]), share))
    return ratios


class Knowledge:
    """What is known of an age: its counts, their sums and inclusions, and the quantities to protect.

    A cell of the rule is between two other counts: `cell_quantities` has the quantities above and below it.
    """

    def __init__(
        self,
        frame: Frame,
        values: dict[Count, int | None],
        ratios: Sequence[tuple[Count, Count, Fraction]] = (),
        other_years: Sequence[OtherYear] = (),
        threshold: int = 0,
    ) -> None:
        self.frame = frame
        self.counts = sorted(values)
        self.place = {count: i for i, count in enumerate(self.counts)}
        self.hidden = np.array([values[count] is None for count in self.counts], dtype=bool)
        # Sum of coefficients times counts is from … to ….
        self.rows: list[tuple[Quantity, float, float]] = []
        self.quantities: dict[QuantityName, Quantity] = {}
        self.may_be_negative: set[QuantityName] = set()
        # What another school year prints of a quantity, which is to be taken from it.
        self.printed_by_other_year: dict[QuantityName, int] = {}
        # For Search, from `keep_changes`: quantities with bounds, those of which one is small, and those that are not.
        self.changes_to_keep: list[tuple[int, float, float]] = []
        self.small_changes: list[list[int]] = []
        self.large_changes: list[int] = []
        self.cell_quantities: dict[Count, list[QuantityName]] = {}
        self._sums()
        for count in self.counts:
            self._inclusions(*count)
        self._covers()
        self._genders()
        for count, students, share in ratios:
            terms = (*count, share.denominator), (*students, -share.numerator)
            self.require(self._of(*terms), 0, 0)
        of_this_year = list(self.quantities.items())
        for other in other_years:
            self._changes(values, other, of_this_year, threshold)
        self.names = list(self.quantities)
        self.matrix = self.matrix_of(self.quantities.values())
        self.row_matrix = self.matrix_of([row for row, _, _ in self.rows])
        self.row_low = np.array([low for _, low, _ in self.rows])
        self.row_high = np.array([high for _, _, high in self.rows])
        self.least = np.array([-INFINITY if name in self.may_be_negative else 0 for name in self.names])
        self.taken = np.array([self.printed_by_other_year.get(name, 0) for name in self.names])

    def keep_changes(
        self,
        truth: np.ndarray,
        cells: Collection[Count],
        protecting: Collection[Count],
        withheld: Collection[Count],
        threshold: int,
    ) -> None:
        """Notes of which cells the difference to another year is small, as the rule withholds cells for that.

        `cells` are withheld for it; of `protecting` ones it may be small, and one is where a column has no others; of
        others of `withheld` it is not.
        """
        values = self.matrix @ truth
        is_small = self.is_small(values, threshold)
        of_cells: dict[Count, list[int]] = defaultdict(list)
        for i, (name, unit) in enumerate(self.names):
            if (name, unit) in self.printed_by_other_year:
                of_cells[column_of_quantity(name), unit].append(i)
        groups = [of_cells[cell] for cell in sorted(of_cells.keys() & set(cells))]
        for column in sorted({column for column, _ in protecting} - {column for column, _ in cells}):
            groups.append([i for cell in sorted(protecting) if cell[0] == column for i in of_cells.get(cell, ())])
        for group in groups:
            small = [i for i in group if is_small[i]]
            if small:
                self.small_changes.append(group)
                taken = self.taken[small[0]]
                self.changes_to_keep.append((small[0], taken - threshold + 1, taken + threshold - 1))
        for cell in sorted(of_cells.keys() & set(withheld) - {*cells, *protecting}):
            for i in of_cells[cell]:
                if not is_small[i]:
                    self.large_changes.append(i)
                    if values[i] != self.taken[i]:
                        is_less = values[i] < self.taken[i]
                        low, high = (-INFINITY, self.taken[i] - threshold), (self.taken[i] + threshold, INFINITY)
                        self.changes_to_keep.append((i, *(low if is_less else high)))

    def keeps_changes(self, tables: np.ndarray, threshold: int) -> np.ndarray:
        """Which tables have the same small differences to other years, as far as the rule looks at them."""
        is_small = self.is_small(tables @ self.matrix.T, threshold)
        small = [is_small[:, numbers].any(axis=1) for numbers in self.small_changes]
        return np.all([~is_small[:, self.large_changes].any(axis=1), *small], axis=0)

    def require(self, quantity: Quantity, low: float = -INFINITY, high: float = INFINITY) -> None:
        self.rows.append((quantity, low, high))

    def is_possible(self, tables: np.ndarray) -> np.ndarray:
        """Whether each table (a row) fits all that is known of the counts."""
        sums, quantities = tables @ self.row_matrix.T, tables @ self.matrix.T
        return (
            (sums >= self.row_low).all(axis=1)
            & (sums <= self.row_high).all(axis=1)
            & (quantities >= self.least).all(axis=1)
            & (tables >= 0).all(axis=1)
        )

    def is_small(self, values: np.ndarray, threshold: int) -> np.ndarray:
        """Which quantities are small, less what another year prints of them; `values` has a column for each."""
        left = np.abs(values - self.taken)
        return (left > 0) & (left < threshold)

    def matrix_of(self, quantities: Collection[Quantity]) -> np.ndarray:
        # Floating-point sums of whole numbers are exact here, and faster.
        matrix = np.zeros((len(quantities), len(self.counts)))
        for i, quantity in enumerate(quantities):
            for place, sign in quantity:
                matrix[i, place] += sign
        return matrix

    def _of(self, *terms: tuple[str, str, int]) -> Quantity:
        return tuple((self.place[name, unit], sign) for name, unit, sign in terms)

    def _protect(self, name: str, unit: str, *terms: tuple[str, str, int], of: Count | None = None) -> None:
        self.quantities[name, unit] = self._of(*terms)
        if of:
            self.cell_quantities.setdefault(of, []).append((name, unit))

    def _sums(self) -> None:
        units_of: dict[str, list[str]] = defaultdict(list)
        for name, unit in self.counts:
            units_of[name].append(unit)
        for name, units in units_of.items():
            parts = [(name, unit, 1) for unit in units if unit != "province"]
            whole = "students" if name == "school_assignment" else name
            if parts and (whole, "province") in self.place:
                self.require(self._of(*parts, (whole, "province", -1)), 0, 0)

    def _inclusions(self, name: str, unit: str) -> None:
        gender = name[-2:] if name[-2:] in (" F", " M") else ""
        measure, _, antigen = name.removesuffix(gender).partition("/")
        students = students_of(name, self.frame)
        cell: Count | None = (
            f"students/{self._antigen_of(gender)}" if measure == "students" and gender else name.removesuffix(gender),
            unit,
        )
        if gender and measure != "students":
            cell = None
        is_nested = measure == "initiation" or (
            measure == "coverage" and antigen in self.frame.in_all_ispa and ("coverage_all_ispa", unit) in self.place
        )
        self._protect(f"{name}: count", unit, (name, unit, 1), of=None if is_nested else cell)
        if measure == "school_assignment":
            return
        if measure == "students":
            if gender:
                self._protect(f"{name}: remainder", unit, ("students", unit, 1), (name, unit, -1), of=cell)
            return
        any_ispa = f"{measure}_any_ispa" if antigen and (f"{measure}_any_ispa", unit) in self.place else None
        self._protect(
            f"{name}: remainder",
            unit,
            (students, unit, 1),
            (name, unit, -1),
            of=None if measure == "unimmunized" or any_ispa else cell,
        )
        if measure == "initiation":
            # Immune students complete the series without beginning it.
            if antigen in self.frame.with_immunity:
                self.may_be_negative.add((f"{name}: begun, not completed", unit))
            self._protect(
                f"{name}: begun, not completed",
                unit,
                (name, unit, 1),
                (f"coverage/{antigen}{gender}", unit, -1),
                of=cell,
            )
        elif measure == "unimmunized":
            self._protect(
                f"{name}: no valid dose",
                unit,
                (students, unit, 1),
                (f"initiation/{antigen}{gender}", unit, -1),
                (name, unit, -1),
                of=cell,
            )
        elif is_nested:
            self._protect(f"{name}: not all", unit, (name, unit, 1), ("coverage_all_ispa", unit, -1), of=cell)
        elif any_ispa:
            self._protect(f"{name}: exempt for another", unit, (any_ispa, unit, 1), (name, unit, -1), of=cell)

    def _changes(
        self,
        values: dict[Count, int | None],
        other: OtherYear,
        of_this_year: list[tuple[QuantityName, Quantity]],
        threshold: int,
    ) -> None:
        """Of each quantity, how it differs from what another year prints for the same students."""
        quantities = dict(of_this_year)
        printed = {name for name, _ in other.values} - {"school_assignment"}
        for name in dict.fromkeys(name for (name, _), _ in of_this_year):
            count, _, what = name.partition(": ")
            if count not in printed:
                continue
            for area in with_units_together(other.areas, count, values, other.values):
                own = [quantities.get((name, unit)) for unit in area.units]
                if None in own:
                    continue
                terms = [term for quantity in own for term in quantity or ()]
                signs = {self.counts[place][0]: sign for place, sign in terms}
                before = [known_sum(other.values, own_name, area.units_of_other) for own_name in signs]
                students = students_of(count, self.frame)
                is_all, is_none, change = changed_among(values, other, area, count, students)
                is_same = change is not None and abs(change) < threshold
                # What is true of all in both years, each table says by itself.
                is_said = (is_all and what == "count") or (is_none and what == "remainder")
                if None not in before and is_same and not is_said and not count.startswith("students"):
                    taken = sum(sign * (number or 0) for sign, number in zip(signs.values(), before, strict=True))
                    self._take(f"{name}, {SINCE} {other.label}", area, terms, taken)
                parts = [other.values.get((count, unit)) for unit in area.units_of_other]
                if what == "count" and len(area.units) == 1 and any(parts) and None in parts:
                    if change is None or is_same:
                        self._take(f"{name}, {PARTS} {other.label}", area, terms, sum(part or 0 for part in parts))

    def _take(self, name: str, area: Area, terms: Collection[tuple[int, int]], taken: int) -> None:
        quantity = name, area.name
        self.quantities[quantity] = tuple(terms)
        self.may_be_negative.add(quantity)
        self.printed_by_other_year[quantity] = taken

    def total_of(self, name: str, unit: str) -> Count | None:
        """The count over all antigens that includes a count of one antigen, if there is one."""
        measure, _, antigen = name.partition("/")
        total = "coverage_all_ispa" if measure == "coverage" else f"{measure}_any_ispa"
        if (
            not antigen
            or (total, unit) not in self.place
            or (measure == "coverage" and antigen not in self.frame.in_all_ispa)
        ):
            return None
        return total, unit

    def _antigen_of(self, gender: str) -> str:
        """The antigen that is assessed for one gender only."""
        return next((antigen for antigen, only in self.frame.of_one_gender.items() if f" {only}" == gender), "")

    def _covers(self) -> None:
        """The counts of antigens together include each student who lacks any, and each who is exempt for any."""
        for name, unit in self.counts:
            if name == "coverage_all_ispa":
                parts = [
                    ("students", unit, 1),
                    *((f"coverage/{antigen}", unit, -1) for antigen in self.frame.in_all_ispa),
                ]
                everybody = ("students", unit, len(self.frame.in_all_ispa) - 2)
                self.require(self._of(*parts, everybody, (name, unit, 1)), 0)
            elif name.endswith("_any_ispa"):
                measure = name.removesuffix("_any_ispa")
                parts = [(n, u, 1) for n, u in self.counts if u == unit and n.startswith(f"{measure}/")]
                self.require(self._of(*parts, (name, unit, -1)), 0)

    def _genders(self) -> None:
        """Students who are neither F nor M are the remainder."""
        for name, unit in self.counts:
            men = name[:-2] + " M"
            if not name.endswith(" F") or (men, unit) not in self.place:
                continue
            plain = name[:-2]
            rest = [(plain, unit, 1), (name, unit, -1), (men, unit, -1)]
            self._protect(f"{plain}: neither F nor M", unit, *rest)
            if "/" in plain:
                students = [("students", unit, 1), ("students F", unit, -1), ("students M", unit, -1)]
                self._protect(
                    f"{plain}: neither F nor M, remainder", unit, *students, *((n, u, -s) for n, u, s in rest)
                )


@dataclass
class Bounds:
    """Bounds of every quantity, and of further sums: (quantity, from, to)."""

    low: np.ndarray
    high: np.ndarray
    rows: list[tuple[Quantity, float, float]] = field(default_factory=list)


class Program:
    """Withheld counts of an age that constraints connect, as a linear program for tables that fit what is known.

    A solution in whole numbers is a table.
    """

    def __init__(
        self, knowledge: Knowledge, truth: np.ndarray, places: np.ndarray, aims: np.ndarray, bounds: Bounds
    ) -> None:
        self.places, self.aims = places, aims
        self.matrix = np.vstack(
            [knowledge.matrix, knowledge.row_matrix, knowledge.matrix_of([row for row, _, _ in bounds.rows])]
        )
        self.low = np.concatenate(
            [np.maximum(bounds.low, knowledge.least), knowledge.row_low, [low for _, low, _ in bounds.rows]]
        )
        self.high = np.concatenate([bounds.high, knowledge.row_high, [high for _, _, high in bounds.rows]])
        touched = self.matrix[:, places].any(axis=1)
        self.row_of = np.where(touched, np.cumsum(touched) - 1, -1)
        self.numbers = np.flatnonzero(touched)
        fixed = truth.copy()
        fixed[places] = 0
        self.known = self.matrix @ fixed
        self.model = highspy.Highs()
        self.model.setOptionValue("output_flag", False)
        self.model.setOptionValue("threads", 1)
        columns, elastic = len(places), 2 * len(aims)
        self.model.addVars(columns + elastic, np.zeros(columns + elastic), np.full(columns + elastic, INFINITY))
        self._add(self.numbers, self.low[self.numbers], self.high[self.numbers], [])
        # The cost of a quantity is its distance from its target.
        self._add(aims, np.zeros(len(aims)), np.zeros(len(aims)), [(columns, 1.0), (columns + len(aims), -1.0)])
        self.costs = np.arange(columns, columns + elastic, dtype=np.int32)
        self.model.changeColsCost(len(self.costs), self.costs, np.ones(elastic))

    def _add(self, numbers: np.ndarray, low: np.ndarray, high: np.ndarray, elastic: list[tuple[int, float]]) -> None:
        starts: list[int] = []
        indexes: list[int] = []
        values: list[float] = []
        for i, number in enumerate(numbers):
            starts.append(len(indexes))
            row = self.matrix[number, self.places]
            own = np.flatnonzero(row)
            indexes += [*own.tolist(), *(column + i for column, _ in elastic)]
            values += [*row[own].tolist(), *(value for _, value in elastic)]
        self.model.addRows(
            len(numbers),
            low - self.known[numbers],
            high - self.known[numbers],
            len(indexes),
            np.array(starts, dtype=np.int32),
            np.array(indexes, dtype=np.int32),
            np.array(values, dtype=np.float64),
        )

    def solve(self, targets: np.ndarray, fixed: dict[int, int] | None = None) -> np.ndarray | None:
        """The table nearest to the targets of the aims, with some quantities fixed; its counts at `places`."""
        fixed = fixed or {}
        first = len(self.numbers)
        rows = np.arange(first, first + len(self.aims), dtype=np.int32)
        bounds = (targets - self.known[self.aims]).astype(np.float64)
        self.model.changeRowsBounds(len(rows), rows, bounds, bounds)
        for number, value in fixed.items():
            self._bound(number, value, value)
        self.model.run()
        is_solved = self.model.getModelStatus() == highspy.HighsModelStatus.kOptimal
        found = np.array(self.model.getSolution().col_value[: len(self.places)])
        for number in fixed:
            self._bound(number, self.low[number], self.high[number])
        if not is_solved:
            return None
        whole = np.rint(found)
        return whole if np.abs(found - whole).max(initial=0) < 1e-5 else None

    def _bound(self, number: int, low: float, high: float) -> None:
        known = self.known[number]
        self.model.changeRowBounds(int(self.row_of[number]), float(low - known), float(high - known))


class Search:
    """Searches for other tables of an age that fit what is known, and the values of small quantities in them.

    `fits` says whether each table remains possible by what is known beside `knowledge`. `reasons` says why the rule
    withholds each cell: tables that keep each count of the rule on its side of the threshold are tried first.
    """

    TABLES_AT_ONCE = 12
    ROUNDS = 12
    REPLAYED_AT_ONCE = 64
    MOST_PROGRAMS = 3000  # of tables by themselves
    PROGRESS = 0.1  # of what is missing, in a round that is followed by another

    def __init__(
        self,
        knowledge: Knowledge,
        truth: dict[Count, int],
        threshold: int,
        fits: Callable[[np.ndarray], list[bool]],
        reasons: Sequence[dict[Count, str]] = (),
    ) -> None:
        self.knowledge = knowledge
        self.threshold = threshold
        self.programs_left = self.MOST_PROGRAMS
        self.fits = fits
        self.reasons = reasons
        self.truth = np.array([truth[count] for count in knowledge.counts], dtype=np.float64)
        self.random = random.Random(0)
        self.values = knowledge.matrix @ self.truth
        is_hidden = (knowledge.matrix[:, knowledge.hidden] != 0).any(axis=1)
        is_small = knowledge.is_small(self.values, threshold)
        self.seen = {int(i): {int(self.values[i])} for i in np.flatnonzero(is_small & is_hidden)}
        self.printed = [int(i) for i in np.flatnonzero(is_small & ~is_hidden)]
        self.components = self._components()
        self.component_of = {place: i for i, places in enumerate(self.components) for place in places}
        if not knowledge.is_possible(self.truth[None, :])[0]:
            raise ValueError("The counts contradict what the attack knows of them.")

    def missing(self) -> list[int]:
        return [number for number, values in self.seen.items() if len(values) < self.threshold - 1]

    def learn(self, tables: Sequence[np.ndarray]) -> list[bool]:
        """Adds the values of the tables that remain possible. Returns which tables do."""
        if not len(tables):
            return []
        stacked = np.array(tables)
        fits = self.knowledge.is_possible(stacked)
        if fits.any():
            fits[fits] = self.fits(stacked[fits].astype(np.int64))
        numbers = list(self.seen)
        for row in (stacked[fits] @ self.knowledge.matrix[numbers].T).astype(np.int64).tolist():
            for number, value in zip(numbers, row, strict=True):
                self.seen[number].add(value)
        return fits.tolist()

    def run(self) -> None:
        bounds = self._sides(keeps_hidden_columns=True)
        self._many_at_once(bounds)
        self._one_by_one(bounds)
        if self.reasons:
            self._one_by_one(self._sides(keeps_hidden_columns=False), alone=True)
            while self.missing() and self.programs_left > 0:
                left = self.programs_left
                self._one_by_one(self._drawn_sides(bounds), alone=True)
                if left == self.programs_left:
                    return

    def _components(self) -> list[np.ndarray]:
        """Groups of withheld counts that no constraint connects with each other."""
        matrix = np.vstack([self.knowledge.matrix, self.knowledge.row_matrix])[:, self.knowledge.hidden] != 0
        hidden = np.flatnonzero(self.knowledge.hidden)
        leader = list(range(len(hidden)))

        def find(i: int) -> int:
            while leader[i] != i:
                leader[i] = leader[leader[i]]
                i = leader[i]
            return i

        for row in matrix:
            linked = np.flatnonzero(row).tolist()
            for other in linked[1:]:
                leader[find(other)] = find(linked[0])
        leaders = np.array([find(i) for i in range(len(hidden))], dtype=int)
        return [hidden[leaders == i] for i in np.unique(leaders)]

    def _sides(self, keeps_hidden_columns: bool) -> Bounds:
        """Bounds that keep each count of the rule on its side of the threshold."""
        knowledge, threshold = self.knowledge, self.threshold
        low = np.full(len(self.values), -INFINITY)
        high = np.full(len(self.values), INFINITY)
        index = {name: i for i, name in enumerate(knowledge.names)}
        rows = []
        for reasons in self.reasons:
            families: dict[Count, list[Count]] = defaultdict(list)
            for cell, names in knowledge.cell_quantities.items():
                reason, total = reasons.get(cell), knowledge.total_of(*cell)
                is_linked_to_family = reason == "linked" and total is not None and reasons.get(total) is None
                if (reason == "linked" and not is_linked_to_family) or (
                    reason == "all_units" and not keeps_hidden_columns
                ):
                    continue
                if is_linked_to_family and total is not None:
                    families[total].append(cell)
                sides = [index[name] for name in names]
                if self._is_small_on_any_side(sides):
                    low[sides] = np.maximum(low[sides], 1)
                    continue
                for side in sides:
                    self._keep_side(side, low, high)
            rows += [self._barely_covered(total, cells) for total, cells in families.items()]
        for reasons in self.reasons:
            # One small count of a gender withholds all counts by gender.
            if GENDERS_WITHHELD in reasons and (
                small := [i for i in self._by_gender() if 0 < self.values[i] < threshold]
            ):
                self._keep_side(small[0], low, high)
            self._keep_hiding_unit(reasons, low, rows, index)
        for i, least, most in knowledge.changes_to_keep:
            low[i], high[i] = max(low[i], least), min(high[i], most)
        return Bounds(low, high, rows)

    def _drawn_sides(self, bounds: Bounds) -> Bounds:
        """If a column is withheld in all units, other counts than the true ones may be small, or none."""
        low, high = bounds.low.copy(), bounds.high.copy()
        index = {name: i for i, name in enumerate(self.knowledge.names)}
        share = self.random.choice((0.1, 0.3, 0.6))
        for reasons in self.reasons:
            for cell, names in self.knowledge.cell_quantities.items():
                if reasons.get(cell) != "all_units":
                    continue
                for i in (index[name] for name in names):
                    is_small, is_drawn = 0 < self.values[i] < self.threshold, self.random.random() < share
                    if is_small and is_drawn:
                        low[i] = high[i] = 0
                    elif is_small:
                        low[i], high[i] = 1, self.random.choice((1, 1, self.threshold - 1))
                    elif is_drawn and self.values[i] == 0:
                        low[i], high[i] = 0, self.threshold - 1
        return Bounds(low, high, bounds.rows)

    def _barely_covered(self, total: Count, cells: list[Count]) -> tuple[Quantity, float, float]:
        """Keeps the counts of antigens that are not small too low to cover the total without a small one."""
        knowledge, unit = self.knowledge, total[1]
        number = knowledge.names.index
        is_coverage = total[0] == "coverage_all_ispa"
        base = self.values[number((f"{total[0]}: remainder" if is_coverage else f"{total[0]}: count", unit))]
        terms: dict[int, int] = defaultdict(int)
        least = 0.0
        for name, _ in cells:
            quantity = (f"{name}: remainder" if is_coverage else f"{name}: count", unit)
            covering = self.values[number(quantity)]
            if 0 < covering < self.threshold:
                least += 1
            elif 0 < base - covering < self.threshold:
                least += 1 if base < 2 * self.threshold else base - self.threshold + 1
            else:
                for place, sign in knowledge.quantities[quantity]:
                    terms[place] += sign
        return tuple(terms.items()), -INFINITY, base - least

    def _by_gender(self) -> list[int]:
        """Quantities of the province by gender, those of its students first."""
        numbers = [
            i
            for i, (name, unit) in enumerate(self.knowledge.names)
            if unit == "province" and (" F:" in name or " M:" in name or "neither F nor M" in name)
        ]
        return sorted(numbers, key=lambda i: not self.knowledge.names[i][0].startswith("students"))

    def _keep_hiding_unit(
        self,
        reasons: dict[Count, str],
        low: np.ndarray,
        rows: list[tuple[Quantity, float, float]],
        index: dict[QuantityName, int],
    ) -> None:
        """The unit that hides the others is the largest by students; if it might not remain so, no unit hides them."""
        students = {
            unit: self.truth[i]
            for (name, unit), i in self.knowledge.place.items()
            if name == "students" and unit != "province"
        }
        place = {unit: self.knowledge.place["students", unit] for unit in students}
        others = [count for unit, count in students.items() if ("students", unit) not in reasons]
        for unit in students:
            if reasons.get(("students", unit)) == "complementary" and others:
                i = index["students: count", unit]
                low[i] = max(low[i], min(self.values[i], max(others) + 1))
        if "all_units" not in {reasons.get(("students", unit)) for unit in students}:
            return
        small = [unit for unit, count in students.items() if 0 < count < self.threshold]
        large = sorted(students.keys() - set(small), key=lambda unit: (-students[unit], unit))
        if len(large) < 2:
            return
        largest, *rest = large
        hidden = [*small, largest]
        most = len(small) + self.threshold - 2
        if sum(students[unit] for unit in hidden) - students[rest[0]] <= most:
            rows.append((((place[rest[0]], -1), *((place[unit], 1) for unit in hidden)), -INFINITY, most))
            rows += [(((place[largest], 1), (place[unit], -1)), unit < largest, INFINITY) for unit in rest]
            rows += [(((place[rest[0]], 1), (place[unit], -1)), 0, INFINITY) for unit in rest[1:]]

    def _is_small_on_any_side(self, sides: list[int]) -> bool:
        """Between two counts this near each other, every value is small or leaves a small remainder."""
        values = self.values[sides]
        return len(sides) == 2 and values.min() > 0 and values.sum() < 2 * self.threshold

    def _keep_side(self, i: int, low: np.ndarray, high: np.ndarray) -> None:
        value, threshold = self.values[i], self.threshold
        least: float
        most: float
        least, most = (0, 0) if value == 0 else (1, threshold - 1) if abs(value) < threshold else (threshold, INFINITY)
        if value < 0:
            least, most = -most, -least
        low[i], high[i] = max(low[i], least), min(high[i], most)

    def _unseen(self, number: int, planned: set[int], low: float, high: float) -> int:
        """A value not seen yet: small ones of the same sign first."""
        value, taken = int(self.values[number]), int(self.knowledge.taken[number])
        sign = -1 if value < taken else 1
        known = self.seen[number]

        def wanted_of(sizes: Collection[int]) -> list[int]:
            values = (taken + sign * size for size in sizes)
            return [found for found in values if found not in known and found not in planned and low <= found <= high]

        wanted = wanted_of(range(1, self.threshold))
        # Less another year's, a number may be more or fewer.
        if not wanted and self.knowledge.names[number] in self.knowledge.printed_by_other_year:
            wanted = wanted_of(range(1 - self.threshold, 1))
        if not wanted:
            wanted = wanted_of((0, *range(self.threshold, 2 * self.threshold)))
        return self.random.choice(wanted) if wanted else value

    def _aims(self, missing: Sequence[int]) -> dict[int, np.ndarray]:
        """By component, those of the quantities that it moves."""
        aims: dict[int, list[int]] = defaultdict(list)
        for number in missing:
            for component in {
                self.component_of[p]
                for p in np.flatnonzero(self.knowledge.matrix[number]).tolist()
                if p in self.component_of
            }:
                aims[component].append(number)
        return {component: np.array(numbers) for component, numbers in aims.items()}

    def _learn_with_parts(self, tables: list[np.ndarray]) -> None:
        """A table that is not possible may be so with the changes of one component alone."""
        fits = self.learn(tables)
        parts = []
        for table, fit in zip(tables, fits, strict=True):
            changed = [places for places in self.components if (table[places] != self.truth[places]).any()]
            if fit or len(changed) < 2:
                continue
            for places in changed:
                part = self.truth.copy()
                part[places] = table[places]
                parts.append(part)
        self.learn(parts)

    def _lacking(self) -> int:
        return sum(max(0, self.threshold - 1 - len(values)) for values in self.seen.values())

    def _many_at_once(self, bounds: Bounds) -> None:
        """Tables in which as many quantities as possible take a value not seen yet."""
        for _ in range(self.ROUNDS):
            before = self._lacking()
            if not before:
                return
            programs = [
                Program(self.knowledge, self.truth, self.components[component], aims, bounds)
                for component, aims in self._aims(self.missing()).items()
            ]
            planned: dict[int, set[int]] = defaultdict(set)
            tables = []
            for _ in range(self.TABLES_AT_ONCE):
                table = self.truth.copy()
                for program in programs:
                    self._move(table, program, planned, bounds)
                tables.append(table)
            self._learn_with_parts(tables)
            if before - self._lacking() < self.PROGRESS * before:
                return

    def _move(
        self,
        table: np.ndarray,
        program: Program,
        planned: dict[int, set[int]],
        bounds: Bounds,
        fixed: dict[int, int] | None = None,
    ) -> bool:
        targets = np.array([self._unseen(n, planned[n], bounds.low[n], bounds.high[n]) for n in program.aims.tolist()])
        found = program.solve(targets, fixed)
        if found is None:
            return False
        table[program.places] = found
        for number, value in zip(program.aims.tolist(), self.knowledge.matrix[program.aims] @ table, strict=True):
            planned[number].add(int(value))
        return True

    def _one_by_one(self, bounds: Bounds, alone: bool = False) -> None:
        """For each value that a quantity lacks, a table that has it; the nearest to the true table, if `alone`."""
        index = {name: i for i, name in enumerate(self.knowledge.names)}
        of_components = []
        for component, aims in self._aims(self.missing()).items():
            places = self.components[component]
            if alone and not self._has_hidden_columns(places):
                continue
            targets = (
                aims
                if not alone
                else np.array(
                    [index[f"{name}: count", unit] for name, unit in (self.knowledge.counts[place] for place in places)]
                )
            )
            program = Program(self.knowledge, self.truth, places, targets, bounds)
            of_components.append(self._tables_one_by_one(program, aims.tolist(), bounds, alone))
        # Those of different components can be tried at once.
        tables = []
        for i in range(max(map(len, of_components), default=0)):
            table = self.truth.copy()
            for found in of_components:
                if i < len(found):
                    table[found[i][0]] = found[i][1]
            tables.append(table)
        for i in range(0, len(tables), self.REPLAYED_AT_ONCE):
            self._learn_with_parts(tables[i : i + self.REPLAYED_AT_ONCE])

    def _has_hidden_columns(self, places: np.ndarray) -> bool:
        """Whether the rule withholds one of these counts in all units: which of them are small may change."""
        return any(
            reasons.get(self.knowledge.counts[place]) == "all_units" for reasons in self.reasons for place in places
        )

    def _tables_one_by_one(
        self, program: Program, numbers: list[int], bounds: Bounds, alone: bool
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        tables: list[tuple[np.ndarray, np.ndarray]] = []
        own_tables: list[int] = []
        planned: dict[int, set[int]] = defaultdict(set)
        for number in numbers:
            tried: set[int] = set()
            # The rule may refuse any single table, so all values are tried.
            while alone or len(self.seen[number] | planned[number]) < self.threshold - 1:
                value = self._unseen(number, planned[number] | tried, bounds.low[number], bounds.high[number])
                if value in tried or value == self.values[number]:
                    break
                tried.add(value)
                table = self.truth.copy()
                if alone:
                    if self.programs_left <= 0:
                        return tables
                    if sum(own == number for own in own_tables) > self.threshold + 3 - len(self.seen[number]):
                        break
                    self.programs_left -= 1
                    found = program.solve(self.values[program.aims], {number: value})
                    if found is None:
                        continue
                    own_tables.append(number)
                    table[program.places] = found
                elif not self._move(table, program, planned, bounds, {number: value}):
                    continue
                tables.append((program.places, table[program.places]))
        return tables


def everything_fits(tables: np.ndarray) -> list[bool]:
    return [True] * len(tables)


def column_of(row: dict) -> Count:
    """The cell of the rule that decides a row of published.measures."""
    unit, antigen = row["phu_id"] or "province", row["antigen"]
    # Completion is coverage of the series.
    measure = "coverage" if row["measure"] == "completion" else row["measure"]
    return (f"{measure}/{antigen}" if antigen else measure), unit


def is_by_gender(row: dict, frame: Frame) -> bool:
    return row["gender"] != "all" and row["antigen"] not in frame.of_one_gender


def is_release_of(release: Release, age: int, pattern: Pattern, frame: Frame) -> bool:
    """Whether the release withholds exactly the cells of a pattern at an age."""
    genders = GENDERS_WITHHELD in pattern
    measures = all(
        (row["students_counted"] is None) == (column_of(row) in pattern or (genders and is_by_gender(row, frame)))
        for row in release.measures
        if row["age"] == age
    )
    return measures and all(
        (row["students"] is None) == (("school_assignment", row["decision"]) in pattern)
        for row in release.school_assignment
        if row["age"] == age
    )


def attack(
    release: Release,
    true_counts: Release,
    all_frames: dict[int, Frame],
    rules: Sequence[Rule] = (),
    earlier: Sequence[Release] = (),
    withheld_before: frozenset[tuple[int, str, str]] = frozenset(),
    only: Collection[int] | None = None,
    say: Callable[[str], None] = lambda text: None,
    other_years: Mapping[int, Sequence[OtherYear]] = {},
) -> Result:
    """Attacks a release that withholds what each of the rules withholds, together with what earlier releases print.

    `withheld_before` are cells (age, column, unit) that it withholds because an earlier release of other counts did;
    `only` are the ages to attack, all without it; `other_years` are what other school years print, by the age whose
    students they count.
    """
    levels = LEVELS[: 1 + bool(rules) + bool(earlier or len(rules) > 1)]
    result = Result(levels=levels, has_other_years=any(other_years.values()))
    released = values_of([release, *earlier], all_frames)
    ratios = ratios_of([release, *earlier], all_frames)
    true_values = values_of([true_counts], all_frames)
    threshold = min([release.suppress_below, *(rule.suppress_below for rule in rules)])
    for row in release.measures:
        if row["students_counted"] is None and row["map_category"] is not None:
            name, unit = column_of(row)
            result.findings.append(Finding(row["age"], f"{name}: map category", unit, 0, "tables"))
    ages = [age for age in all_frames if age in released and (only is None or age in only)]
    for i, age in enumerate(ages):
        frame = all_frames[age]
        knowledge = Knowledge(frame, released[age], ratios.get(age, ()), other_years.get(age, ()), threshold)
        truth = {count: value for count, value in true_values.get(age, {}).items() if value is not None}
        for count, printed in released[age].items():
            if count not in truth or printed not in (None, truth[count]):
                name, unit = count
                raise ValueError(f"The marts have another number of {name}, age {age}, {unit} than the release.")
        table = np.array([[truth[count] for count in knowledge.counts]])
        decided = [rule.decide(age, knowledge.counts, table)[0] for rule in rules]
        patterns = [frozenset(reasons) for reasons in decided]
        before = frozenset((column, unit) for own_age, column, unit in withheld_before if own_age == age)
        if rules and not is_release_of(release, age, before.union(*patterns), frame):
            result.unexplained.append(age)
            decided = []
        if decided and any(own_age == age for own_age, _, _ in rules[0].units_withheld):
            by_counts = rules[0].without_other_years().decide(age, knowledge.counts, table)[0]
            protecting = {(column, unit) for own_age, column, unit in rules[0].units_protecting if own_age == age}
            cells = {(column, unit) for own_age, column, unit in rules[0].units_withheld if own_age == age} - protecting
            knowledge.keep_changes(table[0], cells, protecting, patterns[0] - by_counts.keys(), threshold)
        # Only the counts that this release adds to the earlier ones are visible.
        for reasons in decided[1:]:
            decided[0] = {cell: "linked" if cell in reasons else reason for cell, reason in decided[0].items()}
        fits = fits_all(age, knowledge, rules, patterns, threshold) if decided else everything_fits
        search = Search(knowledge, truth, threshold, fits, decided)
        result.attacked += len(search.seen) + len(search.printed)
        result.findings += [Finding(age, *knowledge.names[n], 0, "tables") for n in search.printed]
        search.run()
        if lost := search.missing():
            result.findings += at_lowest_level(
                age, knowledge, truth, search, result.levels[-1] if decided else "tables", lost
            )
        say(
            f"Age {age} ({i + 1} of {len(ages)}): {len(search.seen) + len(search.printed)} small quantities attacked, "
            f"{len(lost) + len(search.printed)} found."
        )
    return result


def fits_all(
    age: int, knowledge: Knowledge, rules: Sequence[Rule], patterns: Sequence[Pattern], threshold: int
) -> Callable[[np.ndarray], list[bool]]:
    """Whether the earlier rules make the earlier releases from each table, and all rules together this one."""

    def fits(tables: np.ndarray) -> list[bool]:
        decided = [[frozenset(reasons) for reasons in rule.decide(age, knowledge.counts, tables)] for rule in rules]
        return [
            bool(is_kept)
            and list(found[1:]) == list(patterns[1:])
            and frozenset().union(*found) == frozenset().union(*patterns)
            for is_kept, *found in zip(knowledge.keeps_changes(tables, threshold), *decided, strict=True)
        ]

    return fits


def at_lowest_level(
    age: int, knowledge: Knowledge, truth: dict[Count, int], search: Search, level: str, lost: list[int]
) -> list[Finding]:
    """Each narrowed quantity, at the lowest level that narrows it."""
    tables = Search(knowledge, truth, search.threshold, everything_fits)
    tables.seen = {i: tables.seen[i] for i in lost}
    if level != "tables":
        tables.run()
    else:
        tables.seen = {i: search.seen[i] for i in lost}
    still = set(tables.missing())
    return [
        Finding(
            age, *knowledge.names[i], *((len(tables.seen[i]), "tables") if i in still else (len(search.seen[i]), level))
        )
        for i in lost
    ]


def published(
    connection: duckdb.DuckDBPyConnection, schema: str = "published", school_year: str | None = None
) -> Release:
    """The tables of a schema that holds one school year, or those of the year that is named."""
    condition, values = ("where school_year = ?", [school_year]) if school_year else ("", [])
    return Release(
        records_of(connection, f"from {schema}.measures {condition}", values),
        records_of(connection, f"from {schema}.school_assignment {condition}", values),
        connection.execute(f"select suppress_below from {schema}.releases {condition}", values).fetchall()[0][0],
    )


def true_counts(connection: duckdb.DuckDBPyConnection, suppress_below: int) -> Release:
    """The same rows from `marts`, nothing withheld."""
    series = {"completion": "completed", "initiation": "initiated", "unimmunized": "unimmunized"}
    everybody = "'all' as gender, students"
    for_all = "null as antigen, 'all' as gender, students"
    selects = [
        (
            "students",
            "coverage",
            "null as antigen, 'all' as gender, max(students) as students, max(students)",
            "group by all",
        ),
        # An antigen that is assessed for one gender has no row of the other.
        (
            "students",
            "series_uptake",
            f"antigen, {everybody}, students",
            "where gender = 'all' "
            "and (age, antigen) not in (select (age, antigen) from marts.series_uptake where gender = 'M')",
        ),
        ("coverage", "coverage", f"antigen, {everybody}, students_up_to_date", ""),
        ("coverage_all_ispa", "coverage_all_ispa", f"{for_all}, students_up_to_date", ""),
        *(
            (
                measure,
                "series_uptake",
                f"antigen, gender, students, students_{column}",
                "where geography = 'province' or gender = 'all'",
            )
            for measure, column in series.items()
        ),
        *(
            (f"{kind}_exemption", "exemptions", f"antigen, {everybody}, students_{kind}", "")
            for kind in ("medical", "nonmedical")
        ),
        *(
            (f"{kind}_exemption_any_ispa", "exemptions_any_ispa", f"{for_all}, students_{kind}", "")
            for kind in ("medical", "nonmedical")
        ),
    ]
    return Release(
        [
            row | {"measure": measure, "percent": None, "map_category": None, "withheld_reason": None}
            for measure, table, columns, condition in selects
            for row in records_of(
                connection,
                f"select phu_id, age, {columns} as students_counted "
                f"from (from marts.{table} where geography in ('province', 'phu')) {condition}",
            )
        ],
        records_of(
            connection,
            "select age, name as decision, students, null as withheld_reason from marts.school_assignment "
            "where kind = 'decision' and age in (select age from marts.coverage)",
        ),
        suppress_below,
    )


def rule_of(connection: duckdb.DuckDBPyConnection, suppress_below: int) -> Rule:
    """The rule as the warehouse was built with it, for the school year that the connection's `marts` hold."""
    [(school_year,)] = connection.execute("select distinct school_year from marts.coverage").fetchall()
    rule = Rule(frames(connection, first_year_of(school_year)), suppress_below)
    built = set(connection.execute("select distinct age, antigen from marts.coverage").fetchall())
    known = {(age, antigen) for age, frame in rule.frames.items() for antigen in frame.antigens}
    if built != {(age, antigen) for age, antigen in known if age in {age for age, _ in built}}:
        raise ValueError(f"{school_year} was built with other antigens than the last build has of it: build it again.")
    rule.columns_withheld = {
        (age, column): geography
        for age, column, geography in connection.execute(
            "select age, column_name, geography from practice.release_columns_withheld"
        ).fetchall()
    }
    return rule


def decide_all(rule: Rule, true_counts: Release) -> dict[int, Reasons]:
    """What a rule withholds of the true counts, by age."""
    decided = {}
    for age, values in values_of([true_counts], rule.frames).items():
        counts = sorted(values)
        decided[age] = rule.decide(age, counts, np.array([[values[count] for count in counts]]))[0]
    return decided


def attack_year(connection: duckdb.DuckDBPyConnection, school_year: str, other_years: OtherYears) -> Result:
    """Attacks the published tables of a school year beside those of others, to which it is added."""
    use_year(connection, school_year)
    release = published(connection)
    rule = rule_of(connection, release.suppress_below)
    values = values_of([release], rule.frames)
    cohorts = other_years.of(school_year, values)
    other_years.add(school_year, school_year, values)
    truth = true_counts(connection, release.suppress_below)
    return attack(release, truth, rule.frames, [rule], say=say, other_years=cohorts)


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    """Attacks each school year of the warehouse beside those before it, and the schools of the one built last."""
    warehouse = warehouse_path()
    results = []
    try:
        with duckdb.connect() as connection:
            built = attach_years(connection, warehouse)
            other_years = OtherYears(mergers_of(connection))
            for school_year in sorted(built):
                if len(built) > 1:
                    say(f"School year {school_year}:")
                results.append(attack_year(connection, school_year, other_years))
            use_year(connection, built[-1])
            schools = attack_schools(connection, SchoolRule(published(connection).suppress_below), say)
    except (duckdb.Error, IndexError) as error:
        print(f"{warehouse} has no published tables to attack ({error}). Build it first.")
        return 1
    except ValueError as error:
        print(error)
        return 1
    for result in results:
        for finding in result.findings:
            print(finding)
    for school_finding in schools.findings:
        print(school_finding)
    print("\n".join([*(line for result in results for line in result.lines()), *schools.lines()]))
    return 0 if schools.is_safe and all(result.is_safe for result in results) else 1
