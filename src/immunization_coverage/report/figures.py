"""Figures as data: dots on one scale, tile maps, areas. The templates draw them; report and explorer share both."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from immunization_coverage.project import ROOT
from immunization_coverage.report.boundaries import Boundaries
from immunization_coverage.report.intervals import interval_of
from immunization_coverage.report.language import Language, rounded, sort_key
from immunization_coverage.report.measures import COVERAGE, Measure
from immunization_coverage.report.warehouse import FEW_STUDENTS, Warehouse, has_value, select

TILE_MAP = ROOT / "report" / "tile_map.csv"
TILE = 100


@dataclass(frozen=True)
class Mark:
    """One value on a row's scale; `left` in percent of the scale's width."""

    kind: str
    left: float


@dataclass(frozen=True)
class DotRow:
    """`group` heads the rows that begin with this one; `interval` is the left end and the width of the dot's bar."""

    label: str
    title: str
    values: list[str]
    marks: list[Mark]
    goal_left: float | None = None
    difference: str = ""
    is_province: bool = False
    is_few: bool = False
    is_chosen: bool = False
    group: str = ""
    interval: tuple[float, float] | None = None
    # What a click on the row chooses.
    choice: str = ""


@dataclass(frozen=True)
class DotTable:
    """A table that is its own figure: a name, a track with dots, and the numbers."""

    label: str
    heading: str
    columns: list[str]
    rows: list[DotRow]
    ticks: list[tuple[float, str]]
    legend: list[tuple[str, str]]
    has_line: bool = False
    difference: str = ""
    # The name of the group of rows that can be chosen, and the choice that is made.
    choices: str = ""
    chosen: str = ""


@dataclass(frozen=True)
class Line:
    """One curve: its name, and its points as months of age and percent."""

    name: str
    points: list[tuple[int, float]]
    path: str = ""
    y: float = 0


@dataclass(frozen=True)
class LineChart:
    """Cumulative curves by age, as steps; places in units of the drawing."""

    label: str
    lines: list[Line]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    axis: str
    width: int = 720
    height: int = 300


@dataclass(frozen=True)
class Tile:
    phu_id: str
    x: int
    y: int
    value: str
    title: str
    category: str
    is_few: bool


@dataclass(frozen=True)
class TileMap:
    """`without_tile` names the units that tile_map.csv lacks."""

    label: str
    tiles: list[Tile]
    width: int
    height: int
    without_tile: list[str]


@dataclass(frozen=True)
class Area:
    path: str
    category: str
    title: str
    code: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class AreaMap:
    label: str
    areas: list[Area]
    boundaries: Boundaries


@dataclass(frozen=True)
class DataTable:
    """A figure's numbers: as people read them, and exactly, for download."""

    name: str
    headings: list[str]
    rows: list[list[str]]
    csv: str

    @property
    def link(self) -> str:
        encoded = base64.b64encode(("\ufeff" + self.csv).encode("utf-8")).decode("ascii")
        return f"data:text/csv;charset=utf-8;base64,{encoded}"


@dataclass(frozen=True)
class Figure:
    """Title (what is seen), subtitle (what is shown), the drawing, notes, and the data."""

    key: str
    title: str
    subtitle: str
    drawing: object
    data: DataTable | None = None
    notes: list[str] = field(default_factory=list)


@cache
def tile_positions() -> dict[str, tuple[int, int]]:
    with TILE_MAP.open(encoding="utf-8", newline="") as file:
        return {row["phu_id"]: (int(row["tile_column"]), int(row["tile_row"])) for row in csv.DictReader(file)}


def category_of(row: dict) -> str:
    """Class of a coverage row: c1 to c5, or why it has no category."""
    if "coverage_percent" in row["withheld"]:
        return "withheld"
    if row["coverage_percent"] is None:
        return "empty"
    return f"c{row['map_category']}" if row.get("map_category") else "no-goal"


def cell(language: Language, row: dict, column: str, decimals: int = 1) -> str:
    """A percent as text, or why there is none."""
    if column in row["withheld"]:
        return language("withheld")
    if row[column] is None:
        return language("no_students")
    return language.percent(row[column], decimals)


def few(language: Language, row: dict) -> str:
    """The mark of a row whose percent is of fewer than 20, else an empty text."""
    return language("few_mark") if row["is_few"] else ""


def notes(language: Language, rows: list[dict]) -> list[str]:
    """The notes that the rows need: on few students, and on withheld values."""
    found = []
    if any(row["is_few"] for row in rows):
        found.append(language("few_note", few=FEW_STUDENTS))
    if any(row["withheld"] for row in rows):
        found.append(language("withheld_note"))
    return found


def domain(values: list[float], ceiling: float | None = 100) -> tuple[float, float]:
    """Ends of a scale: to 100 from a ten below the smallest value; without a ceiling, from 0 to a round end."""
    if not values:
        return (0, 100)
    if ceiling is None:
        largest = max(values) or 1
        step = 10 ** math.floor(math.log10(largest))
        return (0, next(m * step for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if m * step >= largest))
    return (max(0, math.floor((min(values) - 2) / 10) * 10), ceiling)


def place(value: float, ends: tuple[float, float]) -> float:
    """Place of a value on a scale, in percent (0–100) of its width."""
    return round(100 * (value - ends[0]) / (ends[1] - ends[0]), 2)


def ticks(language: Language, ends: tuple[float, float]) -> list[tuple[float, str]]:
    """At most six ticks of a scale: place in percent of its width, and text."""
    span = ends[1] - ends[0]
    step = next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50) if span / s <= 5), 50)
    first = math.ceil(ends[0] / step)
    values = [n * step for n in range(first, math.floor(ends[1] / step + 1e-9) + 1)]
    decimals = 0 if step >= 1 else 1
    return [(place(v, ends), language.number(v, decimals)) for v in values]


def dot_table(
    language: Language,
    rows: list[dict],
    *,
    label: str,
    heading: str,
    columns: list[tuple[str, str, str]],
    name: Callable[[dict], str],
    title: Callable[[dict], str] = lambda row: "",
    goal: Callable[[dict], float | None] = lambda row: None,
    kind: Callable[[dict, str], str] = lambda row, kind: kind,
    ends: tuple[float, float] | None = None,
    ceiling: float | None = 100,
    legend: list[tuple[str, str]] | None = None,
    has_line: bool = False,
    difference: str = "",
    chosen: Callable[[dict], bool] = lambda row: False,
    has_intervals: bool = False,
    choice: Callable[[dict], str] = lambda row: "",
    choices: str = "",
    current: str = "",
) -> DotTable:
    """A dot for each of `columns`, (column, mark's kind, heading), on one scale; rows as they come.

    `difference` heads a column with the distance of the first column from the row's goal. Units of few students, which
    `ranked` has below the others, are headed as not ranked. `has_intervals` draws those of the first column.
    """
    shown = [row[c] for row in rows for c, _, _ in columns if has_value(row, c)]
    goals = [g for g in map(goal, rows) if g is not None]
    intervals = [interval_of(row, columns[0][0]) if has_intervals and row["phu_id"] else None for row in rows]
    shown += [end for row, found in zip(rows, intervals, strict=True) if found and not row["is_few"] for end in found]
    ends = ends or domain(shown + goals, ceiling)
    has_units = any(row["phu_id"] for row in rows)
    apart = next((row for row in rows if row["phu_id"] and row["is_few"]), None)
    dot_rows = []
    for row, found in zip(rows, intervals, strict=True):
        marks = [
            Mark(kind(row, mark_kind), place(row[column], ends))
            for column, mark_kind, _ in columns
            if has_value(row, column)
        ]
        target = goal(row)
        dot_rows.append(
            DotRow(
                label=name(row) + few(language, row),
                title=title(row),
                values=[cell(language, row, column) for column, _, _ in columns],
                marks=marks,
                goal_left=None if target is None else place(target, ends),
                difference=distance(language, row, columns[0][0], target) if difference else "",
                is_province=row["phu_id"] is None and has_units,
                is_few=row["is_few"],
                is_chosen=chosen(row),
                group=language("not_ranked", few=FEW_STUDENTS) if row is apart else "",
                interval=bar_of(found, ends),
                choice=choice(row),
            )
        )
    return DotTable(
        label=label,
        heading=heading,
        columns=[text for _, _, text in columns],
        rows=dot_rows,
        ticks=ticks(language, ends),
        legend=legend or [],
        has_line=has_line,
        difference=difference,
        choices=choices,
        chosen=current,
    )


def bar_of(found: tuple[float, float] | None, ends: tuple[float, float]) -> tuple[float, float] | None:
    """An interval's left end and width on a scale, cut off at the scale's ends."""
    if found is None:
        return None
    low, high = (place(min(max(end, ends[0]), ends[1]), ends) for end in found)
    return low, round(high - low, 2)


def line_chart(language: Language, lines: list[Line], label: str, axis: str) -> LineChart:
    """Percents from 0 to 100 by age in years; the names are at the ends of the curves, without overlap."""
    chart = LineChart(label, [], [], [], axis)
    left, right, top, bottom = 36, chart.width - 70, 10, chart.height - 40
    months = max(month for line in lines for month, _ in line.points) or 1

    def at(month: float, percent: float) -> tuple[float, float]:
        return round(left + (right - left) * month / months, 1), round(bottom - (bottom - top) * percent / 100, 1)

    drawn: list[Line] = []
    taken: list[float] = []
    for line in sorted(lines, key=lambda line: -line.points[-1][1]):
        steps = [f"M{left} {bottom}"]
        for month, percent in line.points:
            x, y = at(month, percent)
            steps.append(f"H{x}V{y}")
        y = at(0, line.points[-1][1])[1] + 4
        y = max([y, *(other + 14 for other in taken)])
        taken.append(y)
        drawn.append(Line(line.name, line.points, "".join(steps), y))
    years = range(0, months // 12 + 1)
    step = 1 if len(years) <= 10 else 2
    return LineChart(
        label,
        drawn,
        [(at(12 * year, 0)[0], language.number(year)) for year in years[::step]],
        [(at(0, percent)[1], language.number(percent)) for percent in (0, 25, 50, 75, 100)],
        axis,
    )


def distance(language: Language, row: dict, column: str, goal: float | None) -> str:
    """Points above (+) or below (−) the goal, between the numbers as printed."""
    if goal is None or not has_value(row, column):
        return "–"
    points = float(rounded(row[column], 1)) - goal
    return ("+" if points > 0 else "") + language.number(points, 1)


def ranked(language: Language, rows: list[dict], column: str) -> list[dict]:
    """Highest first, the province among its units; then units of few students, which are not ranked among them; those
    without a value last."""
    return sorted(
        rows,
        key=lambda row: (
            not has_value(row, column),
            row["phu_id"] is not None and row["is_few"],
            -row[column] if has_value(row, column) else 0,
            sort_key(language.phu(row)),
        ),
    )


def tile_map(
    language: Language,
    rows: list[dict],
    label: str,
    measure: Measure = COVERAGE,
    category: Callable[[dict], str] = category_of,
) -> TileMap:
    """One tile for each public health unit of `rows` that has a place in tile_map.csv."""
    positions = tile_positions()
    units = [row for row in rows if row["phu_id"] is not None]
    placed = [row for row in units if row["phu_id"] in positions]
    tiles = []
    for row in placed:
        column, line = positions[row["phu_id"]]
        tiles.append(
            Tile(
                phu_id=row["phu_id"],
                x=(column - 1) * TILE,
                y=(line - 1) * TILE,
                value=language.number(row[measure.percent], 1) if has_value(row, measure.percent) else "–",
                title=language(
                    "named",
                    name=language.phu(row),
                    value=cell(language, row, measure.percent) + few(language, row),
                ),
                category=category(row),
                is_few=row["is_few"] and has_value(row, measure.percent),
            )
        )
    width, height = (max((getattr(tile, end) for tile in tiles), default=0) + TILE for end in ("x", "y"))
    missing = [language.phu(row) for row in units if row["phu_id"] not in positions]
    return TileMap(label, tiles, width, height, sorted(missing, key=sort_key))


def tile_notes(language: Language, tiles: TileMap) -> list[str]:
    missing = tiles.without_tile
    return [language("units.without_tile", count=len(missing), names=language.joined(missing))] if missing else []


def combined(warehouse: Warehouse, measure: Measure, rows: list[dict]) -> dict:
    """A measure of several public health units together, from their counts."""
    together = dict(rows[0]) | {
        "withheld": frozenset().union(*(row["withheld"] for row in rows)),
        measure.percent: None,
        "map_category": None,
        "is_few": False,
    }
    counts = [row[measure.count] for row in rows]
    if measure.percent not in together["withheld"] and None not in counts:
        together["students"] = sum(row["students"] for row in rows)
        together[measure.count] = sum(counts)
        together["is_few"] = 0 < together["students"] < FEW_STUDENTS
        if together["students"]:
            together[measure.percent] = 100 * together[measure.count] / together["students"]
        if measure is COVERAGE:
            together["map_category"] = warehouse.map_category(
                together["antigen"], together["age"], together["coverage_percent"]
            )
    return together


def area_map(
    warehouse: Warehouse,
    language: Language,
    rows: list[dict],
    boundaries: Boundaries,
    label: str,
    measure: Measure = COVERAGE,
    category: Callable[[dict], str] = category_of,
) -> tuple[AreaMap, list[str]]:
    """The boundaries coloured by `rows`, and what to say of those that do not match the year's units one to one."""
    by_id = {row["phu_id"]: row for row in rows if row["phu_id"] is not None}
    areas, said = [], []
    names_of_parts: dict[str, list[str]] = {}
    for shape in boundaries.shapes:
        parts = [by_id[phu_id] for phu_id in shape.phu_ids if phu_id in by_id]
        if not parts:
            areas.append(Area(shape.path, "unmatched", shape.name, "", shape.label_x, shape.label_y, shape.size))
            continue
        row = parts[0] if len(parts) == 1 else combined(warehouse, measure, parts)
        names = language.joined([language.phu(part) for part in parts])
        value = cell(language, row, measure.percent) + few(language, row)
        code = "+".join(shape.phu_ids)
        areas.append(
            Area(
                shape.path,
                category(row),
                language("named", name=names, value=value),
                code,
                shape.label_x,
                shape.label_y,
                shape.size,
            )
        )
        if shape.is_part:
            names_of_parts.setdefault(parts[0]["phu_id"], []).append(shape.name)
        if len(parts) > 1:
            key = "units.merged_withheld" if measure.percent in row["withheld"] else "units.merged"
            said.append(language(key, name=shape.name, units=names, coverage=value))
    for phu_id, parts_drawn in names_of_parts.items():
        said.append(language("units.parts", names=language.joined(parts_drawn), unit=language.phu(by_id[phu_id])))
    if boundaries.unmatched_names:
        names = language.joined(boundaries.unmatched_names)
        said.append(language("units.unmatched", count=len(boundaries.unmatched_names), names=names))
    missing = [language.phu(by_id[phu_id]) for phu_id in boundaries.phu_ids_without_shape if phu_id in by_id]
    if missing:
        said.append(language("units.without_shape", count=len(missing), names=language.joined(missing)))
    return AreaMap(label, areas, boundaries), said


def shades(
    language: Language, measure: Measure, rows: list[dict]
) -> tuple[Callable[[dict], str], list[tuple[str, str]]]:
    """For a measure without categories of its own: five equal steps, s1 (pale) to s5, and their legend."""
    units = [row for row in rows if row["phu_id"] is not None]
    values = [row[measure.percent] for row in units if has_value(row, measure.percent)]
    low, high = (min(values), max(values)) if values else (0.0, 0.0)
    step = (high - low) / 5

    def shade(row: dict) -> str:
        if measure.percent in row["withheld"]:
            return "withheld"
        if row[measure.percent] is None:
            return "empty"
        return f"s{min(5, 1 + int((row[measure.percent] - low) / step)) if step else 3}"

    ends = [language.percent(low + n * step) for n in range(6)]
    legend = [(f"s{n + 1}", language("between", low=ends[n], high=ends[n + 1])) for n in range(5 if step else 0)]
    shown = {shade(row) for row in units}
    legend += [("withheld", language("units.category_withheld"))] if "withheld" in shown else []
    legend += [("empty", language("units.category_no_students"))] if "empty" in shown else []
    return shade, legend


def category_legend(
    warehouse: Warehouse, language: Language, antigen: str | None, age: int, rows: list[dict]
) -> list[tuple]:
    """(class, text) of the five categories, of a missing goal, and of the other classes of the rows."""
    goal = warehouse.goals.get((antigen, age)) if antigen else None
    if goal is None:
        entries = [("no-goal", language("units.category_none"))]
    else:
        ends = [language.goal(goal[f"category_{category}_from"]) for category in (2, 3, 4, 5)]
        entries = [("c1", language("units.category_below", to=ends[0]))]
        entries += [
            (f"c{n}", language("units.category_between", **{"from": ends[n - 2], "to": ends[n - 1]})) for n in (2, 3, 4)
        ]
        entries.append(("c5", language("units.category_goal", **{"from": ends[3]})))
    shown = {category_of(row) for row in rows if row["phu_id"] is not None}
    if "withheld" in shown:
        entries.append(("withheld", language("units.category_withheld")))
    if "empty" in shown:
        entries.append(("empty", language("units.category_no_students")))
    return entries


@dataclass(frozen=True)
class CategoryCount:
    """A category of the map, how many units are in it, and the width of its bar in percent of the longest."""

    kind: str
    text: str
    count: str
    width: float


def category_counts(
    warehouse: Warehouse, language: Language, antigen: str, age: int, rows: list[dict]
) -> list[CategoryCount]:
    """The legend of a map, with the units of each category."""
    counts = Counter(category_of(row) for row in rows if row["phu_id"] is not None)
    most = max(counts.values(), default=0) or 1
    return [
        CategoryCount(kind, text, language.number(counts[kind]), round(100 * counts[kind] / most, 1))
        for kind, text in category_legend(warehouse, language, antigen, age, rows)
    ]


def data_table(
    language: Language, name: str, rows: list[dict], columns: list[str], texts: dict | None = None
) -> DataTable:
    """`columns` of mart rows, with texts of the language; the download keeps the mart's names and exact numbers."""
    texts = texts or {}

    def shown(row: dict, column: str) -> str:
        value: Any = row.get(column)
        if column in texts:
            return texts[column](row)
        if column == "school_year":
            return language.school_year(value)
        if column == "school_type":
            return language.school_type(value)
        if column == "phu_name":
            return language.phu(row, "name")
        if column == "antigen":
            return language.antigen(value)
        if column == "gender":
            return language(f"genders.{value}")
        if value is None and row.get("withheld") and column != "goal_percent":
            return language("withheld")
        if value is None:
            return "–"
        if column == "goal_percent":
            return language.goal(value)
        if isinstance(value, float):
            return language.percent(value) + (few(language, row) if row.get("is_few") else "")
        return language.number(value) if isinstance(value, int) else str(value)

    exact = io.StringIO()
    writer = csv.writer(exact, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row.get(column) is None else row[column] for column in columns])
    headings = [language(f"table.{column}") for column in columns]
    return DataTable(name, headings, [[shown(row, column) for column in columns] for row in rows], exact.getvalue())


def antigen_ages(warehouse: Warehouse) -> list[tuple[str, int]]:
    """Antigens and ages assessed, by age."""
    return [(row["antigen"], row["age"]) for row in select(warehouse.coverage, geography="province")]
