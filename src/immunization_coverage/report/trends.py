"""Measures over the school years, and where a series breaks: report and explorer draw what is decided here.

A series breaks between two school years if years between them have no value, if definitions changed, if the public
health unit was made of others, if one of the years lacks units of the other, if the extracts reach unequally far beyond
the school year, or if one of the years has few students.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from immunization_coverage.report.figures import combined
from immunization_coverage.report.language import Language, sort_key
from immunization_coverage.report.measures import Measure
from immunization_coverage.report.titles import named
from immunization_coverage.report.warehouse import FEW_STUDENTS, Warehouse, has_value, select
from immunization_coverage.report.year_before import LISTS, changes_of, items, missing
from immunization_coverage.years import first_year_of, label_of

# Extracts whose last recorded dates differ by more days, counted from the assessment date, have doses reported later.
EXTRACTION_DAYS = 30
DTP = ("diphtheria", "pertussis", "tetanus")
EXEMPTIONS = ("exemptions", "exemptions_any_ispa")


@dataclass(frozen=True)
class Point:
    """A school year of a series: the mart's row, if there is one, and what the year's numbers depend on.

    `parts` are the public health units, id and name, that the row's unit was made of by that year. `held` are the units
    with students that the whole is made of, as the last year has them; none for a unit. `extraction_days`
    are the days from the assessment date to the last recorded date. `changes` are the definitions that differ from the
    school year before.
    """

    school_year: str
    row: dict | None
    percent: str
    changes: tuple[dict, ...] = ()
    parts: frozenset[tuple[str, str]] = frozenset()
    extraction_days: int | None = None
    age: int | None = None
    held: frozenset[str] | None = None

    @property
    def first_year(self) -> int:
        return first_year_of(self.school_year)

    @property
    def has_value(self) -> bool:
        return self.row is not None and has_value(self.row, self.percent)

    @property
    def value(self) -> float:
        return self.row[self.percent] if self.row else 0.0

    @property
    def is_few(self) -> bool:
        return self.row is not None and self.row["is_few"]

    @property
    def is_added_up(self) -> bool:
        return self.row is not None and self.row.get("is_added_up", False)


@dataclass(frozen=True)
class Segment:
    """Two points with values that follow each other, and why they may not be compared without saying so."""

    earlier: Point
    later: Point
    missing: tuple[str, ...] = ()
    changes: tuple[dict, ...] = ()
    merged: frozenset[tuple[str, str]] = frozenset()
    extraction_days: tuple[int, int] | None = None
    few: tuple[str, ...] = ()
    # The school years that lack units of the other, with their ids.
    lacking: tuple[tuple[str, frozenset[str]], ...] = ()

    def without_unit(self) -> Segment:
        """The breaks that are not of the public health unit itself: neither its merger nor its few students."""
        return replace(self, merged=frozenset(), few=())

    def of_merger(self) -> Segment:
        return Segment(self.earlier, self.later, merged=self.merged)

    @property
    def is_break(self) -> bool:
        return bool(self.missing or self.changes or self.merged or self.extraction_days or self.few or self.lacking)


def segments(points: list[Point]) -> list[Segment]:
    """The line through the points with values, each segment with its breaks. Points are in the order of their years."""
    found = []
    shown = [place for place, point in enumerate(points) if point.has_value]
    for start, end in pairwise(shown):
        earlier, later = points[start], points[end]
        found.append(
            Segment(
                earlier,
                later,
                missing=tuple(map(label_of, range(earlier.first_year + 1, later.first_year))),
                changes=tuple(change for point in points[start + 1 : end + 1] for change in point.changes),
                merged=later.parts - earlier.parts,
                extraction_days=unequal(earlier.extraction_days, later.extraction_days),
                few=tuple(point.school_year for point in (earlier, later) if point.is_few),
                lacking=lacking(earlier, later),
            )
        )
    return found


def unequal(before: int | None, now: int | None) -> tuple[int, int] | None:
    """Days of two extracts beyond the assessment date, where they are known and differ too much."""
    if before is None or now is None or abs(now - before) <= EXTRACTION_DAYS:
        return None
    return before, now


def lacking(earlier: Point, later: Point) -> tuple[tuple[str, frozenset[str]], ...]:
    """The units that only one of two years has, by the year that lacks them."""
    if earlier.held is None or later.held is None:
        return ()
    found = ((earlier, later.held - earlier.held), (later, earlier.held - later.held))
    return tuple((point.school_year, units) for point, units in found if units)


def series(
    years: list[Warehouse], measure: Measure, age: int, antigen: str | None, phu_ids: Sequence[str | None]
) -> dict[str | None, list[Point]]:
    """A measure over the school years, of the province (null) and of public health units.

    In years before a unit was made of others, these are added up."""
    by_year = [points_of(warehouse, years[-1], measure, age, antigen, phu_ids) for warehouse in years]
    return {phu_id: [points[phu_id] for points in by_year] for phu_id in phu_ids}


def cohort(
    years: list[Warehouse], measure: Measure, born: int, antigen: str, phu_ids: Sequence[str | None]
) -> dict[str | None, list[Point]]:
    """The series of those born in a year, who are one year older in each school year."""
    by_year = [
        points_of(warehouse, years[-1], measure, warehouse.first_year - born, antigen, phu_ids)
        for warehouse in years
        if antigen in measure.antigens(warehouse, warehouse.first_year - born)
    ]
    return {phu_id: [points[phu_id] for points in by_year] for phu_id in phu_ids}


def points_of(
    warehouse: Warehouse,
    last: Warehouse,
    measure: Measure,
    age: int,
    antigen: str | None,
    phu_ids: Sequence[str | None],
) -> dict[str | None, Point]:
    """A school year's points; `last` is the warehouse that knows the mergers."""
    rows = measure.rows(warehouse, age, antigen)
    changes = tuple(changed_definitions(warehouse.antigen_definitions, measure, age, antigen))
    return {
        phu_id: Point(
            warehouse.school_year,
            row_of(warehouse, last, measure, rows, phu_id),
            measure.percent,
            changes,
            frozenset(parts_by(last, phu_id, warehouse.first_year)),
            warehouse.extraction_days,
            age,
            held_by(warehouse, last) if phu_id is None else None,
        )
        for phu_id in phu_ids
    }


def held_by(warehouse: Warehouse, last: Warehouse) -> frozenset[str] | None:
    """The units with students of a school year, as the last year has them; none where one unit is the whole."""
    if last.shown is not None and last.shown.is_unit:
        return None
    return frozenset(last.successors.get(phu_id, phu_id) for phu_id in warehouse.scope.phu_ids)


def row_of(
    warehouse: Warehouse, last: Warehouse, measure: Measure, rows: list[dict], phu_id: str | None
) -> dict | None:
    """A unit's row of a year, or the rows of its parts added up; `last` knows the mergers."""
    own = select(rows, phu_id=phu_id)
    if own:
        return own[0]
    of_unit = parts_of(last, phu_id)
    parts = [row for row in rows if row["phu_id"] in of_unit]
    if not parts:
        return None
    marked = {"phu_id": "+".join(row["phu_id"] for row in parts), "parts": parts, "is_added_up": True}
    return combined(warehouse, measure, parts) | marked


def named_by_parts(language: Language, row: dict) -> dict:
    """A row whose unit is named by the parts that it adds up; any other row as it is."""
    if not row.get("is_added_up"):
        return row
    names = language.joined(sorted((language.phu(part) for part in row["parts"]), key=sort_key))
    return row | {"phu_name": language("explorer.added_up", parts=names)}


def parts_of(warehouse: Warehouse, phu_id: str | None) -> set[str]:
    """Every unit that has become part of a unit, of its parts too, in any year."""
    direct = {merger["phu_id"] for merger in select(warehouse.mergers, merged_into=phu_id)}
    return direct.union(*(parts_of(warehouse, part) for part in direct))


def parts_by(warehouse: Warehouse, phu_id: str | None, first_year: int) -> set[tuple[str, str]]:
    """Those that had become part of it by a school year."""
    ids = parts_of(warehouse, phu_id)
    return {
        (unit["phu_id"], unit["phu_name"])
        for unit in warehouse.units
        if unit["phu_id"] in ids and (unit["school_year_before"] or 9999) <= first_year
    }


def changed_definitions(rows: list[dict], measure: Measure, age: int, antigen: str | None) -> list[dict]:
    """The rows of `antigen_definitions` that changed what a measure counts at an age, against the year before."""
    if measure.table == "zero_dose":
        # Any immunization counts for students without a dose, and every agent of DTP for those without one of DTP.
        antigens = DTP if measure.count == "students_without_dtp" else ()
        of_agents = select(rows, parameter="Relevant vaccines")
        return [row for row in of_agents if row.get("change") and row["antigen"] in antigens]
    of_exemptions = measure.table in EXEMPTIONS
    counted = f"{'exemptions' if of_exemptions else 'all-ISPA coverage'} at {age}"
    found = []
    for row in rows:
        if not row.get("change") or row["age"] not in (None, age):
            continue
        if antigen is not None and row["antigen"] != antigen:
            continue
        if antigen is None and not is_counted(rows, row["antigen"], counted):
            continue
        if row["parameter"] == "Ages assessed":
            of_age = ages_of_row(row, age) if antigen is not None else counted_of_row(row, counted)
            if of_age is not None:
                found.append(of_age)
        elif (row["parameter"] == "Exemption antigens") == of_exemptions or measure.table == "not_up_to_date":
            if row["parameter"] not in LISTS or row["change"] != "changed" or differ(row):
                found.append(row)
    return found


def differ(row: dict) -> bool:
    """Whether a list has other items than before, and not only another order."""
    now, before = items(row["definition"]), items(row["definition_before"])
    return bool(missing(now, before) or missing(before, now))


def is_counted(rows: list[dict], antigen: str, counted: str) -> bool:
    """Whether a measure of several antigens has this one, in the year or in the year before."""
    of_ages = select(rows, antigen=antigen, parameter="Ages assessed")
    return any(counted in items(row[column]) for row in of_ages for column in ("also_counted", "also_counted_before"))


def ages_of_row(row: dict, age: int) -> dict | None:
    """The row of an antigen's ages as if it were assessed at this one alone; none if nothing changed at it."""

    def at_age(text: str | None) -> str:
        return ", ".join(item for item in items(text) if re.match(rf"{age}\b", item))

    now, before = at_age(row["definition"]), at_age(row["definition_before"])
    own = {"definition": now, "definition_before": before, "also_counted": None, "also_counted_before": None}
    return row | own if now != before and before else None


def counted_of_row(row: dict, counted: str) -> dict | None:
    """The row of an antigen's ages as if it were counted in this measure alone; none if that did not change."""
    now, before = (counted in items(row[column]) for column in ("also_counted", "also_counted_before"))
    own = {"also_counted": counted if now else None, "also_counted_before": counted if before else None}
    return row | own | {"definition": "None", "definition_before": "None"} if now != before else None


@dataclass
class Remarks:
    """The breaks of a figure's lines, each once: a letter for its marks, and a sentence for the list below.

    Of a break that some of the lines have, the sentence names them, where they have names."""

    language: Language
    antigens: dict[tuple, set[str]] = field(default_factory=dict)
    names: dict[tuple, dict[str, None]] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)

    def marks(self, segment: Segment, unit: dict | None = None, name: str = "") -> list[str]:
        """A letter for each reason of the segment's break. `unit` is the series' own, and `name` the line's."""
        self.drawn.add(name)
        found = []
        for reason, antigens in reasons(segment, self.language, unit).items():
            key = (segment.earlier.school_year, segment.later.school_year, reason)
            self.antigens.setdefault(key, set()).update(antigens)
            self.names.setdefault(key, {})[name] = None
            found.append(letters(list(self.antigens).index(key)))
        return found

    def listed(self) -> list[tuple[str, str]]:
        found = []
        for place, (key, antigens) in enumerate(self.antigens.items()):
            earlier, later, reason = key
            names = list(self.names[key]) if len(self.names[key]) < len(self.drawn) else []
            found.append((letters(place), in_words(earlier, later, {reason: antigens}, self.language, names)))
        return found


def letters(place: int) -> str:
    """a to z, aa, ab …"""
    return (letters(place // 26 - 1) if place > 25 else "") + chr(ord("a") + place % 26)


def reasons(segment: Segment, language: Language, unit: dict | None = None) -> dict[tuple, set[str]]:
    """Why a series breaks: each reason's kind and values, and the antigens whose definitions changed."""
    found: dict[tuple, set[str]] = {}
    if segment.missing:
        found["missing", language.joined([language.school_year(year) for year in segment.missing])] = set()
    for row in segment.changes:
        for change in changes_of(row, language):
            found.setdefault(("definitions", *change), set()).add(row["antigen"])
    if segment.merged:
        names = [language.phu({"phu_id": phu_id, "phu_name": name}) for phu_id, name in segment.merged]
        parts = language.joined(sorted(names, key=sort_key))
        # A unit that was there before, and is not added up, has grown.
        kind = "merged" if segment.earlier.is_added_up else "grown"
        found[kind, language.phu(unit or {"phu_id": None}), parts] = set()
    for school_year, phu_ids in segment.lacking:
        names = sorted((language.phu({"phu_id": phu_id, "phu_name": phu_id}) for phu_id in phu_ids), key=sort_key)
        found["lacking", school_year, named(language, names, "units")] = set()
    if segment.extraction_days:
        found["extraction", *segment.extraction_days] = set()
    if segment.few:
        found["few", language.joined([language.school_year(year) for year in segment.few])] = set()
    return found


def in_words(
    earlier: str, later: str, found: dict[tuple, set[str]], language: Language, names: Sequence[str] = ()
) -> str:
    """The sentence of a break between two school years, of the lines that are named."""
    years = {"year_before": language.school_year(earlier), "year": language.school_year(later)}
    parts = []
    for (kind, *values), antigens in found.items():
        if kind == "missing":
            parts.append(language("over_years.breaks.missing", years=values[0]))
        elif kind == "definitions":
            of = sorted((language.antigen(one, "plain") for one in antigens), key=sort_key)
            parts.append(language(f"methods.changes.{values[0]}", what=values[1], antigens=language.joined(of)))
        elif kind in ("merged", "grown"):
            parts.append(language(f"over_years.breaks.{kind}", unit=values[0], parts=values[1]))
        elif kind == "lacking":
            year = language.school_year(values[0])
            parts.append(language("over_years.breaks.lacking", year=year, units=values[1]))
        elif kind == "extraction":
            before, now = (days_in_words(days, language) for days in values)
            parts.append(language("over_years.breaks.extraction", before=before, now=now, **years))
        else:
            parts.append(language("over_years.breaks.few", few=FEW_STUDENTS, years=values[0]))
    between = language("over_years.breaks.between", **years)
    if names:
        between = language("over_years.breaks.where", names=language.joined(list(names)), between=between)
    return language("over_years.breaks.sentence", between=between, reasons="; ".join(parts))


def segment_in_words(segment: Segment, language: Language, unit: dict | None = None) -> str:
    """Every reason of a segment's break; empty where it has none."""
    if not segment.is_break:
        return ""
    years = segment.earlier.school_year, segment.later.school_year
    return in_words(*years, reasons(segment, language, unit), language)


def has_breaks(points: list[Point]) -> bool:
    return any(segment.is_break for segment in segments(points))


def days_in_words(days: int, language: Language) -> str:
    when = "after" if days >= 0 else "before"
    return language(f"over_years.breaks.days_{when}", count=abs(days))
