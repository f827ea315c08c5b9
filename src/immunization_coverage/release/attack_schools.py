"""Independent differencing attack on the tables of schema `schools`, by a reader of `marts` who knows the rule.

Users who may see schools also see the counts of each public health unit, so the withheld counts of its schools have a
known sum. A quantity is a school's count, or its denominator less the count; it is small if it is above 0 and below
the threshold, and safe if threshold - 1 of its values remain possible, or as many as `marts` alone leave. Each value
counted as possible has a table that proves it: with the same sums and the same numbers shown, without students who have
no DTP and are up to date for diphtheria, tetanus or pertussis, and for which the project's own SQL
(models/intermediate/release/int_school_decisions.sql) withholds the same counts. A search that ends without enough
values counts as a finding.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import duckdb
import numpy as np

from immunization_coverage.project import ROOT
from immunization_coverage.release.rule import rendered

STUDENTS, WITHOUT_DTP = "students", "without_dtp"
ANTIGENS = ROOT / "seeds" / "annex" / "antigens.csv"
with ANTIGENS.open(encoding="utf-8-sig", newline="") as opened:
    IN_DTP = [row["antigen"] for row in csv.DictReader(opened) if row["is_in_dtp"] == "true"]
NOT_WITHOUT_DTP = tuple(f"coverage/{antigen}" for antigen in IN_DTP)

Table = dict[str, np.ndarray]  # the counts of a group's schools, by column
COUNT, REMAINDER, OTHERS = "count", "remainder", "with DTP, not up to date"
Quantity = tuple[str, int, str]  # a column, a school's place, one of the three


@dataclass
class Column:
    """A measure of a group's schools; `rows` are the places of the schools that have a row of it."""

    parent: str | None
    level: int
    rows: np.ndarray
    withheld: np.ndarray  # places


@dataclass
class Group:
    """The schools of a public health unit at an age, in the order of their ids."""

    unit: str
    age: int
    school_ids: list[str]
    columns: dict[str, Column] = field(default_factory=dict)
    truth: Table = field(default_factory=dict)

    def with_ancestors(self, name: str) -> list[str]:
        parent = self.columns[name].parent
        return [*(self.with_ancestors(parent) if parent else []), name]

    def children(self, name: str) -> list[str]:
        # Students without DTP limit how many can be up to date.
        found = [child for child, column in self.columns.items() if column.parent == name]
        return sorted(found, key=lambda child: child != WITHOUT_DTP)

    def to_decide(self, table: Table) -> list[str]:
        """The columns on which the rule could decide otherwise in a table, and those that they depend on."""
        changed = {name for name, counts in table.items() if (counts != self.truth[name]).any()}
        names = {name for name, column in self.columns.items() if name in changed or column.parent in changed}
        if WITHOUT_DTP in changed:
            names.update(name for name in NOT_WITHOUT_DTP if name in self.columns)
        if names.intersection(NOT_WITHOUT_DTP):
            names.add(WITHOUT_DTP)
        # The smallest count that is shown depends on whether it is a denominator.
        names.update(name for name, column in self.columns.items() if column.parent in names - {STUDENTS})
        return list(dict.fromkeys(own for name in sorted(names) for own in self.with_ancestors(name)))


@dataclass(frozen=True)
class Finding:
    """A small quantity of a school with fewer possible values than required; 0 if it is shown."""

    unit: str
    age: int
    school_id: str
    name: str
    values: int

    def __str__(self) -> str:
        what = (
            "shown, or the difference of two shown counts"
            if self.values == 0
            else f"{self.values} possible value{'s' if self.values > 1 else ''}"
        )
        return f"{self.name}, age {self.age}, {self.unit}, school {self.school_id}: {what}."


@dataclass
class Result:
    """What an attack found: `attacked` small quantities, and those that are not safe."""

    attacked: int = 0
    findings: list[Finding] = field(default_factory=list)
    # Groups for which the rule withholds other counts of the true table.
    unexplained: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_safe(self) -> bool:
        return not self.findings and not self.unexplained

    def lines(self) -> list[str]:
        exact = sum(finding.values < 2 for finding in self.findings)
        lines = [
            f"Schools, beside the units' totals. Known: tables and rule. {self.attacked:,} small quantities attacked, "
            f"{len(self.findings) - exact} narrowed, {exact} found exactly."
        ]
        if self.unexplained:
            some = ", ".join(f"{unit} at {age}" for unit, age in self.unexplained[:5])
            lines.append(f"Not the schools that the rule withholds: {some}.")
        return lines


def groups_of(connection: duckdb.DuckDBPyConnection) -> list[Group]:
    """The true counts of the warehouse's schools, and which of them its tables withhold."""
    rows = connection.execute(
        """
        with shown as (
            select school_id, age, 'students' as column_name, students as shown from schools.zero_dose
            union all select school_id, age, 'without_dtp', students_without_dtp from schools.zero_dose
            union all select school_id, age, 'without_dose', students_without_dose from schools.zero_dose
            union all select school_id, age, 'coverage/' || antigen, students_up_to_date from schools.coverage
            union all select school_id, age, 'students/' || antigen, students from schools.coverage
        )
        select phu_id, age, school_id, column_name, parent_name, release_level, counted, shown
        from intermediate.int_school_cells left join shown using (school_id, age, column_name)
        order by phu_id, age, release_level, column_name, school_id
        """
    ).fetchall()
    groups: dict[tuple[str, int], Group] = {}
    by_column: dict[tuple[str, int, str], list[tuple]] = defaultdict(list)
    for row in rows:
        by_column[row[0], row[1], row[3]].append(row)
    for (unit, age, name), own in by_column.items():
        if name == STUDENTS:
            groups[unit, age] = Group(unit, age, [row[2] for row in own])
        group = groups[unit, age]
        place = {school_id: i for i, school_id in enumerate(group.school_ids)}
        places = np.array([place[row[2]] for row in own])
        counted, shown = np.array([row[6] for row in own]), [row[7] for row in own]
        for number, other, row in zip(counted.tolist(), shown, own, strict=True):
            if other not in (None, number):
                raise ValueError(f"{name} of school {row[2]}, age {age}, differs from the count it is made of.")
        is_withheld = np.array([number is None for number in shown])
        group.columns[name] = Column(own[0][4], own[0][5], places, places[is_withheld])
        group.truth[name] = np.zeros(len(group.school_ids), dtype=np.int64)
        group.truth[name][places] = counted
    return list(groups.values())


class Rule:
    """The project's own decision, on any number of tables at once."""

    def __init__(self, suppress_below: int) -> None:
        self.suppress_below = suppress_below
        self.sql = rendered("int_school_decisions", suppress_below)

    def makes(self, cases: Sequence[tuple[Group, Table, Sequence[str]]]) -> list[bool]:
        """For each case (a table and its columns to decide), whether the rule withholds what the group withholds."""
        parts: dict[str, list[np.ndarray]] = defaultdict(list)
        kinds: dict[tuple[str, str | None, int], int] = {}
        for number, (group, table, names) in enumerate(cases):
            for name in names:
                column = group.columns[name]
                rows = column.rows
                kind = kinds.setdefault((name, column.parent, column.level), len(kinds))
                is_withheld = np.zeros(len(group.school_ids), dtype=np.int64)
                is_withheld[column.withheld] = 1
                parts["case_number"].append(np.full(len(rows), number))
                parts["kind"].append(np.full(len(rows), kind))
                parts["place"].append(rows)
                parts["counted"].append(table[name][rows])
                parts["base"].append(table[column.parent][rows] if column.parent else np.full(len(rows), -1))
                parts["was_withheld"].append(is_withheld[rows])
        fits = np.ones(len(cases), dtype=bool)
        with duckdb.connect() as connection:
            connection.execute("set enable_progress_bar = false")
            connection.execute("create schema rule")
            connection.execute(
                "create table kinds (kind int, column_name varchar, parent_name varchar, release_level int, "
                "limited_by varchar)"
            )
            connection.executemany(
                "insert into kinds values (?, ?, ?, ?, ?)",
                [(i, *kind, WITHOUT_DTP if kind[0] in NOT_WITHOUT_DTP else None) for kind, i in kinds.items()],
            )
            connection.register("numbers", {key: np.concatenate(own) for key, own in parts.items()})
            # A case is used as the unit; places are in the order of the ids.
            connection.execute(
                "create table rule.int_school_cells as select case_number as phu_id, place as school_id, 0 as age, "
                "column_name, parent_name, release_level, limited_by, counted, nullif(base, -1) as base, was_withheld "
                "from numbers inner join kinds using (kind)"
            )
            other = connection.execute(
                f"select distinct phu_id from ({self.sql}) as decided "
                "inner join rule.int_school_cells as cells using (phu_id, school_id, column_name) "
                "where decided.is_withheld <> (was_withheld = 1)"
            ).fetchnumpy()["phu_id"]
        fits[other] = False
        return fits.tolist()


def absorb(values: np.ndarray, residual: int, low: np.ndarray, high: np.ndarray, order: Sequence[int]) -> bool:
    """Adds `residual` to `values`, place by place in this order, each from `low` to `high`. Returns whether it fits."""
    for i in order:
        if not residual:
            break
        moved = min(residual, int(high[i] - values[i])) if residual > 0 else max(residual, int(low[i] - values[i]))
        if moved * residual > 0:
            values[i] += moved
            residual -= moved
    return not residual


class Search:
    """Looks for other tables of one group."""

    def __init__(self, group: Group, threshold: int, draw: random.Random) -> None:
        self.group, self.threshold, self.draw = group, threshold, draw
        self.seen: dict[Quantity, set[int]] = {}
        self.promised: dict[Quantity, int] = {}
        self.shown: list[Quantity] = []
        self.hidden = {name: set(column.withheld.tolist()) for name, column in group.columns.items()}
        self.kinds = {name: self._kinds(name) for name in group.columns}
        # Columns that are withheld in all schools, because no other count hides the small ones.
        self.all_withheld = {name for name in group.columns if self._is_all_withheld(name)}
        for name, column in group.columns.items():
            for place in column.rows.tolist():
                for what in (COUNT, REMAINDER, OTHERS):
                    self._protect((name, place, what))

    def value(self, quantity: Quantity, table: Table) -> int | None:
        name, place, what = quantity
        counted = int(table[name][place])
        if what == COUNT:
            return counted
        if what == REMAINDER:
            parent = self.group.columns[name].parent
            return int(table[parent][place]) - counted if parent else None
        if name not in NOT_WITHOUT_DTP:
            return None
        return int(table[STUDENTS][place] - table[WITHOUT_DTP][place]) - counted

    def value_of(self, quantity: Quantity, table: Table) -> int:
        """The value of a protected quantity, which every table has."""
        value = self.value(quantity, table)
        assert value is not None
        return value

    def _protect(self, quantity: Quantity) -> None:
        value = self.value(quantity, self.group.truth)
        if value is None or not 0 < value < self.threshold:
            return
        name, place, what = quantity
        columns = [name]
        parent = self.group.columns[name].parent
        if what == REMAINDER and parent:
            columns.append(parent)
        if what == OTHERS:
            columns += [WITHOUT_DTP, STUDENTS]
        if not any(place in self.hidden[own] for own in columns):
            self.shown.append(quantity)
            return
        self.seen[quantity] = {value}
        self.promised[quantity] = min(self.threshold - 1, self.left_by_marts(quantity))
        if what == OTHERS and place not in self.hidden[name]:
            # As many as those without DTP have.
            self.promised[quantity] = min(self.promised[quantity], self.left_by_marts((WITHOUT_DTP, place, COUNT)))

    def left_by_marts(self, quantity: Quantity) -> int:
        """How many values of a quantity are possible by the unit's totals alone."""
        name, _, what = quantity
        column = self.group.columns[name]
        others = len(column.rows) - 1
        if not others:
            return 1
        total = int(self.group.truth[name].sum())
        if not column.parent:
            return total - others
        base = int(self.group.truth[column.parent][column.rows].sum())
        part = total if what == COUNT else base - total
        if what == OTHERS:
            part -= int(self.group.truth[WITHOUT_DTP].sum())
        # A school with a row has a student, of the gender too.
        least, least_base = self.low(name) if what == COUNT else 0, self.low(column.parent)
        low = max(least, part - (base - least_base))
        return min(part - others * least, base - others * least_base) - low + 1

    def missing(self) -> list[Quantity]:
        return [quantity for quantity, values in self.seen.items() if len(values) < self.promised[quantity]]

    def learn(self, table: Table) -> None:
        for quantity, values in self.seen.items():
            if len(values) < self.promised[quantity]:
                values.add(self.value_of(quantity, table))

    def low(self, name: str) -> int:
        return 1 if name == STUDENTS or name.startswith(f"{STUDENTS}/") else 0

    def least_shown(self, name: str) -> int:
        """The smallest denominator that is shown."""
        is_parent = any(column.parent == name for column in self.group.columns.values())
        return 2 * self.threshold - 1 if is_parent else self.threshold

    def base_shown(self, name: str, table: Table | None = None) -> np.ndarray:
        """The denominator of a count, without students who, as the school shows, have no DTP."""
        table = table or self.group.truth
        parent = self.group.columns[name].parent
        assert parent is not None
        base = table[parent]
        if name not in NOT_WITHOUT_DTP:
            return base
        is_shown = np.ones(len(base), dtype=bool)
        is_shown[list(self.hidden[WITHOUT_DTP])] = False
        return np.where(is_shown, base - table[WITHOUT_DTP], base)

    def _is_all_withheld(self, name: str) -> bool:
        column, counted = self.group.columns[name], self.group.truth[name]
        base = self.base_shown(name) if column.parent else counted + 1
        return all(place in self.hidden[name] for place in column.rows.tolist() if base[place] > 0)

    def _kinds(self, name: str) -> np.ndarray:
        """Of which kind the true counts of a column are for the rule, where their base is shown."""
        counted, parent, t = self.group.truth[name], self.group.columns[name].parent, self.threshold
        floor = self.least_shown(name)
        if not parent:
            return np.where(counted < floor, "near_floor", "large")
        base = self.base_shown(name)
        return np.select(
            [(counted == 0) | (counted == base), base < floor + t, counted < floor, base - counted < t],
            ["edge", "small_base", "near_floor", "near_base"],
            "large",
        )

    def box(self, name: str, table: Table, as_kinds: bool) -> tuple[np.ndarray, np.ndarray]:
        """The bounds of a column's counts; `as_kinds`: each of the kind that the rule sees."""
        group, column, t = self.group, self.group.columns[name], self.threshold
        counted = group.truth[name]
        low = np.full(len(counted), self.low(name))
        base = table[column.parent] if column.parent else np.full(len(counted), counted.sum())
        high = base.copy()
        # Counts shown are limits; counts withheld are adjusted (_settle).
        for other in self._excluded_by(name):
            is_limit = np.ones(len(counted), dtype=bool)
            is_limit[list(self.hidden[other])] = False
            high = np.where(is_limit, np.minimum(high, table[STUDENTS] - table[other]), high)
        if as_kinds:
            is_free = np.zeros(len(counted), dtype=bool)
            if column.parent:
                is_free[list(self.hidden[column.parent])] = True
            kinds = self.kinds[name]
            floor = self.least_shown(name)
            base = self.base_shown(name, table) if column.parent else base
            for kind, least, most in (
                ("edge", counted, counted),
                ("small_base", 1, base - 1),
                ("near_floor", 1, floor - 1),
                ("near_base", base - t + 1, base - 1),
                ("large", floor, base - t if column.parent else high),
            ):
                is_kind = (kinds == kind) & ~is_free
                low = np.where(is_kind, np.maximum(low, least), low)
                high = np.where(is_kind, np.minimum(high, most), high)
        return low, high

    def _excluded_by(self, name: str) -> list[str]:
        """The columns that count none of this column's students."""
        if name == WITHOUT_DTP:
            return [own for own in NOT_WITHOUT_DTP if own in self.group.columns]
        return [WITHOUT_DTP] if name in NOT_WITHOUT_DTP else []

    def table_with(self, name: str, wanted: dict[int, int], as_kinds: bool, table: Table | None = None) -> Table | None:
        """A table with these counts of a column's withheld schools; the other schools share the rest."""
        table = {own: counts.copy() for own, counts in (table or self.group.truth).items()}
        counts, total = table[name], int(table[name].sum())
        low, high = self.box(name, table, as_kinds)
        for place, value in wanted.items():
            counts[place] = min(max(value, int(low[place])), int(high[place]))
        others = [place for place in self.group.columns[name].withheld.tolist() if place not in wanted]
        self.draw.shuffle(others)
        # The widest range last: the rule may depend on it.
        if as_kinds:
            others.sort(key=lambda place: self.threshold > counts[place])
        if not absorb(counts, total - int(counts.sum()), low, high, others):
            last = list(wanted)
            self.draw.shuffle(last)
            if not absorb(counts, total - int(counts.sum()), low, high, last):
                return None
        return table if self._settle(name, table) else None

    def _settle(self, name: str, table: Table, is_follower: bool = False) -> bool:
        """Adjusts the columns that have this one as denominator, and those that exclude it, to its new counts."""
        for child in self.group.children(name):
            places = [place for place in self.group.columns[child].rows.tolist() if place in self.hidden[name]]
            counts, total = table[child], int(table[child].sum())
            low, high = self.box(child, table, as_kinds=False)
            for other in self._excluded_by(child) if child != WITHOUT_DTP else []:
                high = np.minimum(high, table[STUDENTS] - table[other])
            if (high[places] < low[places]).any():
                return False
            counts[places] = np.clip(counts[places], low[places], high[places])
            self.draw.shuffle(places)
            others = [place for place in self.group.columns[child].withheld.tolist() if place not in self.hidden[name]]
            self.draw.shuffle(others)
            if not absorb(counts, total - int(counts.sum()), low, high, [*places, *others]):
                return False
            if not self._settle(child, table, is_follower=True):
                return False
        return is_follower or all(self._make_room(name, other, table) for other in self._excluded_by(name))

    def _make_room(self, name: str, other: str, table: Table) -> bool:
        """Adjusts the columns that this one excludes to its new counts."""
        counts, total = table[other], int(table[other].sum())
        too_many = np.flatnonzero(counts > table[STUDENTS] - table[name])
        if not len(too_many):
            return True
        counts[too_many] = (table[STUDENTS] - table[name])[too_many]
        low, high = self.box(other, table, as_kinds=other not in self.all_withheld or self.draw.random() < 0.5)
        # The other columns that exclude students without DTP are kept, or adjusted.
        others_stay = self.draw.random() < 0.5
        for own in self._excluded_by(other):
            if own == name or others_stay:
                high = np.minimum(high, table[STUDENTS] - table[own])
        places = [place for place in self.hidden[other] if place not in set(too_many.tolist())]
        self.draw.shuffle(places)
        places.sort(key=lambda place: -int(high[place] - low[place]))
        if not absorb(counts, total - int(counts.sum()), low, high, places):
            return False
        if other != WITHOUT_DTP:
            return True
        return self._settle(other, table, is_follower=True) and all(
            self._make_room(other, own, table) for own in self._excluded_by(other) if own != name
        )

    def lean(self, is_alone: bool = True) -> Iterator[Table]:
        """A table for each missing value of a quantity, in which the sum leaves the others the least room.

        `is_alone`: columns that exclude its students change at the place in question only.
        """
        for quantity in self.missing():
            name, place, what = quantity
            if place not in self.hidden[name]:
                continue
            parent = self.group.columns[name].parent
            ancestors = [own for own in self.group.with_ancestors(name)[:-1] if place in self.hidden[own]]
            for value in range(self.threshold):
                if value in self.seen[quantity]:
                    continue
                table: Table | None = self.group.truth
                for own in ancestors:
                    if table is None:
                        break
                    # Its denominator changes by the same number.
                    more = int(table[own][place]) + value - self.value_of(quantity, self.group.truth)
                    table = self.table_with(own, {place: more}, True, table)
                if table is None:
                    continue
                if what == OTHERS and place in self.hidden[WITHOUT_DTP]:
                    without = int(table[WITHOUT_DTP][place])
                    fewer = max(min(without, self.threshold - 1 - value), min(without, 1))
                    table = self.table_with(WITHOUT_DTP, {place: fewer}, True, table)
                    if table is None:
                        continue
                base = int(table[parent][place]) if parent else 0
                wanted = value if what == COUNT else base - value
                if what == OTHERS:
                    wanted -= int(table[WITHOUT_DTP][place])
                for is_from_base in self._sides(what, is_alone) if parent else (False,):
                    found = self._lean_table(name, place, wanted, is_from_base, table, is_alone)
                    if found is not None:
                        yield found

    @staticmethod
    def _sides(what: str, is_first: bool) -> tuple[bool, ...]:
        """From which side the others are kept as small as can be: where the quantity is, at first."""
        return (what != COUNT,) if is_first else (False, True)

    def _lean_table(
        self, name: str, place: int, value: int, is_from_base: bool, table: Table, is_alone: bool
    ) -> Table | None:
        table = {own: counts.copy() for own, counts in table.items()}
        column = self.group.columns[name]
        base = table[column.parent] if column.parent else np.full(len(table[name]), int(table[name].sum()))
        counts = base - table[name] if is_from_base else table[name].copy()
        rows = column.rows
        total, kinds = int(counts[rows].sum()), dict(enumerate(self.kinds[name].tolist()))
        kinds = {own: kinds[own] for own in column.withheld.tolist()}
        least_low, least_high = self.box(name, table, as_kinds=True)
        loosest = self.box(name, table, as_kinds=False)
        for other in self._excluded_by(name) if is_alone else []:
            most = table[STUDENTS] - table[other]
            most[place] = loosest[1][place]
            least_high, loosest = np.minimum(least_high, most), (loosest[0], np.minimum(loosest[1], most))
        for own in kinds:
            if column.parent and own in self.hidden[column.parent]:
                kinds[own] = "linked"
            counts[own] = int(base[own] - least_high[own]) if is_from_base else int(least_low[own])
        low, high = (base - loosest[1], base - loosest[0]) if is_from_base else loosest
        low, high = low.copy(), high.copy()
        counts[place] = int(base[place]) - value if is_from_base else value
        if not low[place] <= counts[place] <= high[place]:
            return None
        others = [own for own in kinds if own != place]
        self.draw.shuffle(others)
        residual = total - int(counts[rows].sum())
        is_all = name in self.all_withheld
        larges = sorted((own for own in others if kinds[own] == "large"), key=lambda own: (int(base[own]), -own))
        if is_all and residual > 0:
            # A student more in a school with none leaves the others no more room.
            ones = np.minimum(high, 1)
            empty = [own for own in others if kinds[own] == "edge" and counts[own] == 0]
            given = min(residual, len(empty))
            if not absorb(counts, given, low, ones, empty):
                return None
            residual -= given
        elif is_all and residual < 0:
            lone = [own for own in others if counts[own] == 1 and kinds[own] not in ("linked", "large")]
            taken = min(-residual, len(lone))
            if not absorb(counts, -taken, low, high, lone):
                return None
            residual += taken
        if not is_all:
            low, high = (base - least_high, base - least_low) if is_from_base else (least_low, least_high)
        linked = [own for own in others if kinds[own] == "linked"]
        rest = [own for own in others if kinds[own] not in ("linked", "large")]
        if not absorb(counts, residual, low, high, [*larges, *linked, *rest]):
            return None
        table[name] = base - counts if is_from_base else counts
        if column.parent:
            missing = np.ones(len(counts), dtype=bool)
            missing[rows] = False
            table[name][missing] = 0
        return table if self._settle(name, table) else None

    def rotations(self) -> Iterator[Table]:
        """Tables in which the small counts of a column take each other value by turns."""
        small = defaultdict(list)
        for name, place, what in self.missing():
            small[name].append((place, what))
        for name, own in small.items():
            for turn in range(self.threshold - 1):
                wanted = {}
                for i, (place, what) in enumerate(own):
                    value = 1 + (i + turn) % (self.threshold - 1)
                    parent = self.group.columns[name].parent
                    base = int(self.group.truth[parent][place]) if parent else 0
                    if place in self.hidden[name]:
                        wanted[place] = value if what == COUNT else base - value
                if table := self.table_with(name, wanted, as_kinds=True):
                    yield table

    def one_by_one(self, draws: int) -> Iterator[Table]:
        """For each quantity, tables with values that it lacks; the other counts are drawn at random."""
        for quantity in self.missing():
            name, place, what = quantity
            lacking = [value for value in range(2 * self.threshold) if value not in self.seen[quantity]]
            for value in self.draw.choices(lacking, k=draws):
                table: Table | None = self.group.truth
                as_kinds = self.draw.random() < 0.4
                # Its denominator may be unknown too.
                for ancestor in self.group.with_ancestors(name)[:-1]:
                    if table and place in self.hidden[ancestor]:
                        more = int(self.group.truth[ancestor][place]) + self.draw.randint(-2, self.threshold)
                        table = self.table_with(ancestor, {place: more}, as_kinds, table)
                if what == OTHERS and table and {place} <= self.hidden[name] & self.hidden[WITHOUT_DTP]:
                    table = self.table_with(WITHOUT_DTP, {place: self.draw.randint(0, 3)}, as_kinds, table)
                if table is None:
                    continue
                parent = self.group.columns[name].parent
                base = int(table[parent][place]) if parent else 0
                if place in self.hidden[name]:
                    wanted = {place: value if what == COUNT else base - value}
                    if what == OTHERS:
                        wanted[place] -= int(table[WITHOUT_DTP][place])
                    others = [other for other in self.group.columns[name].withheld.tolist() if other != place]
                    if not as_kinds and others:
                        for other in self.draw.sample(others, self.draw.randint(0, min(3, len(others)))):
                            wanted[other] = self.draw.choice([0, 1, 1, self.threshold - 1, self.threshold])
                    table = self.table_with(name, wanted, as_kinds, table)
                elif what == OTHERS and place in self.hidden[WITHOUT_DTP]:
                    wanted = {place: base - int(table[name][place]) - value}
                    table = self.table_with(WITHOUT_DTP, wanted, as_kinds, table)
                if table is not None:
                    yield table

    def is_possible(self, table: Table) -> bool:
        """Whether the tables agree with the sums, the counts shown and the meaning of the measures."""
        for name, column in self.group.columns.items():
            counts, truth = table[name], self.group.truth[name]
            is_shown = np.ones(len(counts), dtype=bool)
            is_shown[column.withheld] = False
            if (counts != truth)[is_shown].any() or counts.sum() != truth.sum():
                return False
            if (counts[column.rows] < self.low(name)).any():
                return False
            if column.parent and (counts > table[column.parent])[column.rows].any():
                return False
        return not any(
            (table[name] + table[WITHOUT_DTP] > table[STUDENTS]).any()
            for name in NOT_WITHOUT_DTP
            if name in self.group.columns
        )


ROWS_AT_ONCE = 2_000_000
ROUNDS = 150
ROUNDS_IN_VAIN = 40
STEPS = (Search.rotations, Search.lean, partial(Search.lean, is_alone=False), Search.lean)

Case = tuple[Search, Table, list[str]]


def batches(searches: Sequence[Search], step: Callable[[Search], Iterator[Table]]) -> Iterator[list[Case]]:
    """The possible tables that a step finds, with the columns to decide, as many as are decided at once."""
    cases: list[Case] = []
    rows = 0
    for search in searches:
        for table in step(search):
            if search.is_possible(table):
                names = search.group.to_decide(table)
                cases.append((search, table, names))
                rows += len(names) * len(search.group.school_ids)
                if rows > ROWS_AT_ONCE:
                    yield cases
                    cases, rows = [], 0
    if cases:
        yield cases


def attack_schools(
    connection: duckdb.DuckDBPyConnection, rule: Rule, say: Callable[[str], None] = lambda text: None
) -> Result:
    """Attacks `schools.coverage` and `schools.zero_dose` of a warehouse that this rule has withheld from."""
    groups = groups_of(connection)
    draw, result = random.Random(0), Result()
    made = rule.makes([(group, group.truth, list(group.columns)) for group in groups])
    result.unexplained = [(group.unit, group.age) for group, is_made in zip(groups, made, strict=True) if not is_made]
    searches = [Search(group, rule.suppress_below, draw) for group in groups]
    result.attacked = sum(len(search.seen) + len(search.shown) for search in searches)
    left, in_vain = 0, 0
    for number in range(ROUNDS):
        open_searches = [search for search in searches if search.missing()]
        left_before, left = left, sum(len(search.missing()) for search in open_searches)
        in_vain = in_vain + 1 if left == left_before else 0
        if not left or in_vain > ROUNDS_IN_VAIN:
            break
        if left != left_before:
            say(f"Schools, round {number + 1}: {left:,} of {result.attacked:,} small quantities are not safe yet.")
        # The fewer quantities are left, the more tables are tried for each.
        draws = max(3, min(100, 1000 // left))
        step = STEPS[number] if number < len(STEPS) else partial(Search.one_by_one, draws=draws)
        for cases in batches(open_searches, step):
            fits = rule.makes([(search.group, table, names) for search, table, names in cases])
            for (search, table, _), is_made in zip(cases, fits, strict=True):
                if is_made:
                    search.learn(table)
    for search in searches:
        group = search.group
        for name, place, what in [*search.shown, *search.missing()]:
            values = len(search.seen.get((name, place, what), ()))
            result.findings.append(Finding(group.unit, group.age, group.school_ids[place], f"{name}: {what}", values))
    return result
