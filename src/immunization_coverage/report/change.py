"""Why coverage moved since the school year before: `marts.coverage_change` in bars, tables and sentences.

Internal only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from immunization_coverage.report.figures import (
    DataTable,
    Figure,
    antigen_ages,
    cell,
    data_table,
    few,
    notes,
    place,
    ticks,
)
from immunization_coverage.report.language import Language, first_upper, rounded, sort_key
from immunization_coverage.report.leads import lead
from immunization_coverage.report.sections import Choice, Report, Section, choice_of, unit_title
from immunization_coverage.report.titles import named, printed, share
from immunization_coverage.report.warehouse import FEW_STUDENTS, select

# In the order in which the change is split.
PARTS = ("definitions", "reporting", "composition", "rest")
COLUMNS = [
    "school_year_before", "school_year", "phu_name", "age", "antigen", "students_before", "students",
    "coverage_percent_before", "coverage_percent", "change_points", *(f"{part}_points" for part in PARTS),
]  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """A part of a change; `left` and `width` in percent of the scale's width."""

    part: str
    left: float
    width: float
    title: str


@dataclass(frozen=True)
class BarRow:
    label: str
    title: str
    is_province: bool
    bars: list[Bar]
    change_left: float
    values: list[str]


@dataclass(frozen=True)
class BarTable:
    """A table that is its own figure: to the right of zero what raised coverage, to the left what lowered it."""

    label: str
    heading: str
    columns: list[str]
    rows: list[BarRow]
    ticks: list[tuple[float, str]]
    zero_left: float
    legend: list[tuple[str, str]]


@dataclass(frozen=True)
class PartTable:
    headings: list[str]
    rows: list[tuple[str, str, bool, list[str]]]
    data: DataTable


def change(report: Report) -> Section | None:
    """None where the warehouse has no earlier school year."""
    language, warehouse = report.language, report.warehouse
    rows = warehouse.coverage_change
    figures = [
        province_figure(report, of_age)
        for age in warehouse.cohorts
        if (of_age := select(rows, geography="province", age=age))
    ]
    if not figures:
        return None
    tables = [] if report.scope.is_unit else [
        Choice(
            choice_of(antigen, age),
            language("age", age=age),
            language("antigen_at_age", antigen=language.antigen(antigen), age=age),
            unit_figure(report, of_both),
        )
        for antigen, age in antigen_ages(warehouse)
        if (of_both := select(rows, antigen=antigen, age=age))
    ]
    chosen = choice_of(*lead("units"))
    return Section(
        "change",
        {
            "figures": figures,
            "tables": tables,
            "chosen": chosen if chosen in [choice.value for choice in tables] or not tables else tables[0].value,
        },
    )


def province_figure(report: Report, rows: list[dict]) -> Figure:
    language = report.language
    rows = sorted(rows, key=lambda row: -row["change_points"])
    age = rows[0]["age"]
    subtitle = language("change.province_subtitle", age=age, **years_compared(language, rows[0]))
    return Figure(
        key=f"change-{age}",
        title=title_of(language, rows, "none_moved"),
        subtitle=subtitle,
        drawing=bar_table(
            language, [(language.antigen(row["antigen"]), row) for row in rows], subtitle, language("table.antigen")
        ),
        data=parts_data(language, f"change-{age}", rows),
        notes=change_notes(language, rows),
    )


def unit_figure(report: Report, rows: list[dict]) -> Figure:
    language = report.language
    ordered = sorted(rows, key=lambda row: (row["phu_id"] is not None, sort_key(language.phu(row))))
    antigen, age = ordered[0]["antigen"], ordered[0]["age"]
    units = [row for row in ordered if row["phu_id"] is not None]
    # A few students move by many points for no reason that is worth a title.
    told = [row for row in units if not row["is_few"]]
    key = f"change-units-{antigen}-{age}"
    names = {"antigen": language.antigen(antigen, "of"), "age": age}
    columns = ["coverage_percent_before", "coverage_percent", "change_points", *(f"{part}_points" for part in PARTS)]
    lines = [
        (
            language.phu(row) + few(language, row),
            unit_title(language)(row),
            row["phu_id"] is None,
            [cell(language, row, column) for column in columns[:2]] + [signed(language, row[c]) for c in columns[2:]],
        )
        for row in ordered
    ]
    return Figure(
        key=key,
        title=title_of(language, told, "no_unit_moved")
        if told
        else first_upper(
            language("change.units_few", antigen=names["antigen"], age=language("at_age", age=age), few=FEW_STUDENTS)
        ),
        subtitle=language("change.units_subtitle", **names, **years_compared(language, ordered[0])),
        drawing=PartTable(
            [language(f"table.{column}") for column in columns], lines, parts_data(language, key, ordered)
        ),
        notes=change_notes(language, ordered),
    )


def years_compared(language: Language, row: dict) -> dict[str, str]:
    return {
        "year_before": language.school_year(row["school_year_before"]),
        "year": language.school_year(row["school_year"]),
    }


def moved(row: dict) -> Decimal:
    """Points between the numbers as printed; 0 where the change itself is printed as 0."""
    if not rounded(row["change_points"], 1):
        return Decimal(0)
    return printed(row, "coverage_percent") - printed(row, "coverage_percent_before")


def title_of(language: Language, rows: list[dict], none_moved: str) -> str:
    """Why the row moved that moved most, or that several moved as much, or that none did, as printed."""
    most = share(rows, lambda row: abs(moved(row)))
    row = most[0]
    if moved(row) and len(most) == 1:
        return sentence(language, row)
    names = {"antigen": language.antigen(row["antigen"], "of"), "age": language("at_age", age=row["age"])}
    names |= years_compared(language, row)
    if not moved(row):
        return first_upper(language(f"change.{none_moved}", **names))
    if row["phu_id"] is None:
        tied = named(language, [language.antigen(row["antigen"], "plain") for row in most], "antigens")
    else:
        tied = named(language, [language.phu(row) for row in most], "units")
    points = language("points", count=abs(moved(row)), value=language.number(float(abs(moved(row))), 1))
    key = none_moved.replace("none_moved", "shared").replace("no_unit_moved", "units_shared")
    return first_upper(language(f"change.{key}", names=tied, points=points, **names))


def signed(language: Language, value: float | None) -> str:
    """Points with their sign, as printed; a dash where they were not computed."""
    if value is None:
        return "–"
    return ("+" if rounded(value, 1) > 0 else "") + language.number(float(rounded(value, 1)) + 0.0, 1)


def signed_points(language: Language, value: float) -> str:
    return language("points", count=abs(rounded(value, 1)), value=signed(language, value))


def main_parts(row: dict) -> list[str]:
    """The parts that moved the row most, as printed, in the direction in which it moved."""
    direction = 1 if row["change_points"] > 0 else -1
    return share(PARTS, lambda part: direction * rounded(row[f"{part}_points"] or 0, 1))


def not_computed(row: dict) -> list[str]:
    return [part for part in PARTS if row[f"{part}_points"] is None]


def sentence(language: Language, row: dict) -> str:
    """Why the row moved: the change, and its largest part."""
    where = "" if row["phu_id"] is None else language("change.in_unit", unit=language.phu(row, "name"))
    values = {
        "antigen": language.antigen(row["antigen"], "of"),
        "age": language("at_age", age=row["age"]),
        "where": where,
        "before": cell(language, row, "coverage_percent_before"),
        "after": cell(language, row, "coverage_percent"),
        **years_compared(language, row),
    }
    if not moved(row):
        key = "unmoved" if values["before"] == values["after"] else "hardly"
        return first_upper(language(f"change.{key}", **values))
    said = language("change.moved", change=signed_points(language, row["change_points"]), **values)
    parts = [part for part in main_parts(row) if rounded(row[f"{part}_points"] or 0, 1)]
    if parts:
        named_parts = language.joined([part_in_words(language, row, part) for part in parts])
        said += language("change.mostly", parts=named_parts)
    return first_upper(said)


def part_in_words(language: Language, row: dict, part: str) -> str:
    """A part as the reason of a change, with its points."""
    # A row of one unit stands for the whole where the data hold no other, and keeps its name.
    geography = "province" if row["phu_name"] is None else "unit"
    said = language(f"change.because.{f'{part}_{geography}' if part == 'rest' else part}")
    left_in = [language(f"change.parts.{name}").lower() for name in not_computed(row)]
    if part == "rest" and left_in:
        said = language("change.because.rest_with", rest=said, parts=language.joined(left_in))
    return language("change.because.points", part=said, points=signed(language, row[f"{part}_points"]))


def change_notes(language: Language, rows: list[dict]) -> list[str]:
    said = [language("change.note")]
    for part in PARTS:
        count = sum(row[f"{part}_points"] is None for row in rows)
        if count:
            names = {"part": language(f"change.parts.{part}"), "total": language.number(len(rows))}
            said.append(language("change.not_computed", count=count, **names))
    return [*said, *notes(language, rows)]


def parts_data(language: Language, name: str, rows: list[dict]) -> DataTable:
    def points(column: str) -> Callable[[dict], str]:
        return lambda row: signed(language, row[column])

    texts = {column: points(column) for column in COLUMNS if column.endswith("_points")}
    texts["school_year_before"] = lambda row: language.school_year(row["school_year_before"])
    return data_table(language, name, rows, COLUMNS, texts)


def bar_table(language: Language, named: list[tuple[str, dict]], label: str, heading: str) -> BarTable:
    """A stacked bar for each row, which may be antigens of the province or public health units."""
    lowest, highest = 0.0, 0.0
    for _, row in named:
        values = [float(row[f"{part}_points"] or 0) for part in PARTS]
        lowest = min(lowest, sum(value for value in values if value < 0))
        highest = max(highest, sum(value for value in values if value > 0))
    room = 0.05 * (highest - lowest) or 1
    ends = (lowest - room, highest + room)
    shown = [part for part in PARTS if any(row[f"{part}_points"] is not None for _, row in named)]
    has_units = any(row["phu_id"] for _, row in named)
    rows = [
        BarRow(
            label=name + few(language, row),
            title=unit_title(language)(row),
            is_province=row["phu_id"] is None and has_units,
            bars=bars(language, row, ends),
            change_left=place(float(row["change_points"]), ends),
            values=[signed(language, row[f"{name}_points"]) for name in ("change", *PARTS)],
        )
        for name, row in named
    ]
    return BarTable(
        label=label,
        heading=heading,
        columns=[language(f"table.{name}_points") for name in ("change", *PARTS)],
        rows=rows,
        ticks=ticks(language, ends),
        zero_left=place(0, ends),
        legend=[*((part, language(f"change.parts.{part}")) for part in shown), ("net", language("change.net"))],
    )


def bars(language: Language, row: dict, ends: tuple[float, float]) -> list[Bar]:
    """The parts from zero outward: those that raise coverage to the right, those that lower it to the left."""
    reached = {True: 0.0, False: 0.0}
    found = []
    for part in PARTS:
        value = float(row[f"{part}_points"] or 0)
        if not value:
            continue
        start = reached[value > 0]
        reached[value > 0] = start + value
        left, right = (place(end, ends) for end in sorted((start, start + value)))
        title = language("named", name=language(f"change.parts.{part}"), value=signed_points(language, value))
        found.append(Bar(part, left, round(right - left, 2), title))
    return found
