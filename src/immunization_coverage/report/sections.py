"""The report's sections: each a function from the warehouse to figures, whose titles say what the data show.

A new section is a function here, listed in SECTIONS of document.py, a template `templates/<key>.html` and its
texts in both languages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from immunization_coverage.report.boundaries import Boundaries
from immunization_coverage.report.figures import (
    DataTable,
    DotTable,
    Figure,
    antigen_ages,
    area_map,
    category_counts,
    category_of,
    cell,
    data_table,
    dot_table,
    few,
    notes,
    ranked,
    tile_map,
    tile_notes,
)
from immunization_coverage.report.intervals import overlapping
from immunization_coverage.report.language import Language, first_upper, rounded, sort_key
from immunization_coverage.report.leads import lead, lead_row
from immunization_coverage.report.titles import (
    antigens_at_ages,
    at_ages,
    compared,
    extremes,
    named,
    of_phus,
    printed,
    remarked,
    says_little,
    share,
)
from immunization_coverage.report.warehouse import FEW_STUDENTS, Warehouse, has_value, only, select
from immunization_coverage.report.year_before import changes

COVERAGE_COLUMNS = [
    "school_year", "phu_name", "age", "antigen", "students", "students_up_to_date", "coverage_percent", "goal_percent",
    "map_category",
]  # fmt: skip
SERIES_COLUMNS = [
    "school_year", "phu_name", "age", "antigen", "gender", "students", "students_initiated", "students_completed",
    "students_unimmunized", "initiated_percent", "completed_percent", "unimmunized_percent",
]  # fmt: skip
EXEMPTION_COLUMNS = ["students", "students_medical", "students_nonmedical", "medical_percent", "nonmedical_percent"]


@dataclass
class Report:
    """What every section needs. The warehouse's rows and the language's words are those of its scope."""

    warehouse: Warehouse
    language: Language
    boundaries: Boundaries | None = None

    def __post_init__(self) -> None:
        self.scope = self.warehouse.scope
        self.warehouse = self.warehouse.within(self.scope)
        self.language = self.language.within(self.scope)

    @cached_property
    def years(self) -> list[Warehouse]:
        """The school years of the warehouse up to the report's."""
        before = [year for year in self.warehouse.years() if year.school_year < self.warehouse.school_year]
        return [*before, self.warehouse]

    def age(self, age: int) -> str:
        return self.language("at_age", age=age)


@dataclass(frozen=True)
class Section:
    key: str
    context: dict


@dataclass(frozen=True)
class Choice:
    """One panel of a figure in which the reader chooses: a value, its group and label, and what it shows."""

    value: str
    group: str
    label: str
    figure: Figure
    short_label: str = ""


def points(language: Language, value: float) -> str:
    number = abs(rounded(value, 1))
    return language("points", count=number, value=language.number(float(number), 1))


def coverage_sentence(language: Language, row: dict) -> str:
    """What a row of coverage says, beside its goal. Points are those between the numbers as printed."""
    values = {
        "antigen": language.antigen(row["antigen"], "of"),
        "age": language("at_age", age=row["age"]),
        "coverage": cell(language, row, "coverage_percent"),
    }
    if row["withheld"]:
        key = "withheld"
    elif row["coverage_percent"] is None:
        key = "no_students"
    elif row["goal_percent"] is None:
        key = "no_goal"
    else:
        difference = float(rounded(row["coverage_percent"], 1)) - row["goal_percent"]
        reached = row["coverage_percent"] >= row["goal_percent"]
        if rounded(difference, 1) == 0:
            key = "at" if reached else "just_below"
        else:
            key = "above" if reached else "below"
        values |= {"goal": language.goal(row["goal_percent"]), "points": points(language, difference)}
    return first_upper(language(f"coverage.{key}", **values))


def reaches_goal(row: dict) -> bool:
    return has_value(row, "coverage_percent") and row["map_category"] == 5


def first_shown(pairs: list[tuple[str, list[dict]]], column: str, preferred: str = "") -> str:
    """Of several panels, each its value and rows, the one that is shown first: one with something to see."""
    seen = [value for value, rows in pairs if any(has_value(row, column) for row in rows)]
    candidates = seen or [value for value, _ in pairs]
    return preferred if preferred in candidates else candidates[0]


def choice_of(antigen: str, age: int) -> str:
    return f"{antigen}-{age}"


def unit_title(language: Language) -> Callable[[dict], str]:
    """The full name of a row's public health unit, beside the short one that is shown."""
    return lambda row: language.phu(row, "name") if row["phu_id"] else ""


# Coverage in the province


def goals_title(report: Report, age: int) -> str:
    language = report.language
    rows = select(report.warehouse.coverage, geography="province", age=age)
    with_goal = [row for row in rows if row["goal_percent"] is not None]
    if says_little(with_goal, "coverage_percent"):
        return first_upper(language(f"coverage.{why_no_goals(with_goal)}", age=report.age(age)))
    shown = compared(with_goal, "coverage_percent")
    if not shown:
        return first_upper(language("coverage.goals_few", age=report.age(age), few=FEW_STUDENTS))
    reached = [row for row in shown if reaches_goal(row)]
    values = {"age": report.age(age), "count": len(reached), "total": language.number(len(shown))}
    values["list"] = language.joined([language.antigen(row["antigen"], "plain") for row in reached])
    if len(reached) == len(shown):
        title = language("coverage.goals_all", age=report.age(age))
    else:
        if not reached:
            nearest = share(shown, to_goal)
            names = [language.antigen(row["antigen"], "plain") for row in nearest]
            values["nearest"] = named(language, names, "antigens")
            values["points"] = below_goal(language, nearest[0])
        title = language("coverage.goals_reached", **values)
    return remarked(language, first_upper(title), with_goal, "coverage_percent")


def to_goal(row: dict) -> float:
    """Points above the goal, or below it, between the numbers as printed."""
    return float(printed(row, "coverage_percent")) - row["goal_percent"]


def below_goal(language: Language, row: dict) -> str:
    """By how much a row is below its goal: `2.3 points below`, or `just below`, which is less than is printed."""
    key = "below" if rounded(to_goal(row), 1) else "just_below"
    return language(f"coverage.points_{key}", points=points(language, to_goal(row)))


def why_no_goals(rows: list[dict]) -> str:
    """The text that says why few of the rows or none are beside their goals."""
    if not rows:
        return "goals_none_set"
    return "goals_unknown" if any(row["withheld"] for row in rows) else "goals_no_students"


def goal_legend(report: Report, rows: list[dict]) -> list[tuple[str, str]]:
    """What the colours of the rows' dots say: how far below the goal, where that is the same for all of the rows."""
    language, goals = report.language, report.warehouse.goals
    own = [goals[row["antigen"], row["age"]] for row in rows if (row["antigen"], row["age"]) in goals]
    steps = {tuple(goal["goal_percent"] - goal[f"category_{n}_from"] for n in (2, 3, 4)) for goal in own}
    texts = dict(enumerate(language.entries("units.categories"), start=1))
    if len(steps) == 1:
        far, middle, near = (language.goal(step).rstrip("%\u00a0") for step in steps.pop())
        texts = {
            1: language("coverage.dot_furthest", far=far),
            2: language("coverage.dot_between", near=middle, far=far),
            3: language("coverage.dot_between", near=near, far=middle),
            4: language("coverage.dot_nearest", near=near),
            5: language("coverage.dot_reached"),
        }
    shown = {category_of(row) for row in rows}
    legend = [(f"c{n} round", text) for n, text in sorted(texts.items(), reverse=True) if f"c{n}" in shown]
    return legend + ([("no-goal round", language("units.category_none"))] if "no-goal" in shown else [])


def coverage_dots(report: Report, rows: list[dict], label: str, name: Callable[[dict], str], heading: str) -> DotTable:
    language = report.language
    goal_in_figure = any(row["goal_percent"] is not None for row in rows)
    return dot_table(
        language,
        rows,
        label=label,
        heading=heading,
        columns=[("coverage_percent", "coverage", language("table.coverage_percent"))],
        name=name,
        goal=lambda row: row["goal_percent"],
        kind=lambda row, kind: category_of(row),
        legend=[("goal", language("coverage.mark_goal")), *goal_legend(report, rows)] if goal_in_figure else [],
        difference=language("coverage.to_goal") if goal_in_figure else "",
    )


def goal_ages_note(report: Report, rows: list[dict]) -> list[str]:
    language = report.language
    ages = [language.number(row["age"]) for row in rows if row["goal_percent"] is not None]
    return [language("coverage.goal_ages", ages=language.joined(ages))] if 0 < len(ages) < len(rows) else []


def by_age_title(report: Report, antigen: str, rows: list[dict]) -> str:
    language = report.language
    of = language.antigen(antigen, "of")
    if says_little(rows, "coverage_percent"):
        return first_upper(language("coverage.by_age_none", antigen=of))
    shown = compared(rows, "coverage_percent")
    if not shown:
        return first_upper(language("coverage.by_age_few", antigen=of, few=FEW_STUDENTS))
    low, high = (share(shown, lambda row: printed(row, "coverage_percent"), end) for end in (min, max))
    values = {"low": cell(language, low[0], "coverage_percent"), "high": cell(language, high[0], "coverage_percent")}
    ages = {"low_age": at_ages(language, low), "high_age": at_ages(language, high)}
    title = language("coverage.by_age", antigen=of, **values, **ages)
    if values["low"] == values["high"]:
        title = language("coverage.by_age_same", antigen=of, same=values["low"])
    return remarked(language, first_upper(title), rows, "coverage_percent")


def antigen_of_most_ages(rows: list[dict]) -> str:
    antigens = [row["antigen"] for row in rows]
    return max(antigens, key=antigens.count)


def province(report: Report) -> Section:
    language, warehouse = report.language, report.warehouse
    in_province = select(warehouse.coverage, geography="province")
    by_age = []
    for age in sorted({row["age"] for row in in_province}):
        rows = ranked(language, select(in_province, age=age), "coverage_percent")
        if len(rows) < 2:
            continue
        subtitle = language("coverage.province_subtitle", age=age)
        by_age.append(
            Figure(
                key=f"province-{age}",
                title=goals_title(report, age),
                subtitle=subtitle,
                drawing=coverage_dots(
                    report, rows, subtitle, lambda row: language.antigen(row["antigen"]), language("table.antigen")
                ),
                data=data_table(language, f"coverage-province-{age}", rows, COVERAGE_COLUMNS),
                notes=notes(language, rows),
            )
        )
    antigen = antigen_of_most_ages(in_province)
    rows = select(in_province, antigen=antigen)
    ages = {"first": rows[0]["age"], "last": rows[-1]["age"]}
    subtitle = language("coverage.by_age_subtitle", antigen=language.antigen(antigen, "of"), **ages)
    at_each_age = Figure(
        key=f"{antigen}-by-age",
        title=by_age_title(report, antigen, rows),
        subtitle=subtitle,
        drawing=coverage_dots(
            report, rows, subtitle, lambda row: language("age", age=row["age"]), language("table.age")
        ),
        data=data_table(language, f"coverage-{antigen}-by-age", rows, COVERAGE_COLUMNS),
        notes=[*goal_ages_note(report, rows), *notes(language, rows)],
    )
    return Section("province", {"by_age": by_age, "at_each_age": at_each_age})


# Coverage by public health unit


def range_title(report: Report, antigen: str, age: int, rows: list[dict]) -> str:
    language = report.language
    units = of_phus(rows)
    values = extremes(language, units, "coverage_percent")
    names = {"antigen": language.antigen(antigen, "of"), "age": report.age(age), "few": FEW_STUDENTS}
    if not values:
        key = "range_none" if says_little(units, "coverage_percent") else "range_few"
        return first_upper(language(f"units.{key}", **names))
    goal = units[0]["goal_percent"]
    if "same" in values or "one" in values:
        key = "range_same" if "same" in values else "range_one"
        title = language(f"units.{key}", **names, **values)
    elif goal is None:
        title = language("units.range_no_goal", **names, **values)
    else:
        shown = compared(units, "coverage_percent")
        reached = sum(map(reaches_goal, shown))
        counts = {"count": reached, "total": language.number(len(shown)), "goal": language.goal(goal)}
        title = language(f"units.range{'_all' if reached == len(shown) else ''}", **names, **values, **counts)
    return remarked(language, first_upper(title), units, "coverage_percent", of="units")


def unit_figure(report: Report, antigen: str, age: int) -> Figure:
    """Map and ranking of one antigen at one age; of a few units, the ranking alone."""
    language, warehouse = report.language, report.warehouse
    rows = ranked(language, select(warehouse.coverage, antigen=antigen, age=age), "coverage_percent")
    of = {"antigen": language.antigen(antigen, "plain"), "age": age}
    at = of | {"age": report.age(age)}
    subtitle = language("units.subtitle", **of)
    areas = None
    said: list[str] = []
    if report.boundaries is not None:
        label = language("units.boundaries_label", **at)
        areas, said = area_map(warehouse, language, rows, report.boundaries, label)
    tiles = None
    if report.scope.has_map:
        tiles = tile_map(language, rows, language("units.map_label", **at))
        said = [*tile_notes(language, tiles), *said]
    drawing = {
        "tiles": tiles,
        "areas": areas,
        "categories": category_counts(warehouse, language, antigen, age, rows),
        "dots": dot_table(
            language,
            rows,
            label=subtitle,
            heading=language("public_health_unit"),
            columns=[("coverage_percent", "coverage", language("table.coverage_percent"))],
            name=language.phu,
            title=unit_title(language),
            goal=lambda row: row["goal_percent"],
            kind=lambda row, kind: category_of(row),
            has_intervals=True,
        ),
    }
    return Figure(
        key=f"units-{antigen}-{age}",
        title=range_title(report, antigen, age, rows),
        subtitle=subtitle,
        drawing=drawing,
        data=data_table(language, f"coverage-{antigen}-{age}", rows, COVERAGE_COLUMNS),
        notes=[*interval_note(language, rows, "coverage_percent"), *said, *notes(language, rows)],
    )


def interval_note(language: Language, rows: list[dict], column: str) -> list[str]:
    """What the bars of a ranking say, and how often the order of two neighbours may be chance."""
    count, total = overlapping(compared(of_phus(rows), column), column)
    key = "units.interval_note" if total > 1 else "units.interval_note_two"
    return [language(key, count=count, total=language.number(total))] if total else []


def matrix(report: Report, age: int) -> Figure:
    """Every antigen of an age by public health unit, as numbers in the categories' colours."""
    language, warehouse = report.language, report.warehouse
    rows = select(warehouse.coverage, age=age)
    antigens = list(dict.fromkeys(row["antigen"] for row in rows))
    by_unit: dict[str | None, dict[str, dict]] = {}
    for row in rows:
        by_unit.setdefault(row["phu_id"], {})[row["antigen"]] = row
    province_cells = by_unit.pop(None)
    ordered = sorted(by_unit.values(), key=lambda cells: sort_key(language.phu(cells[antigens[0]])))
    lines = []
    for cells in [province_cells, *ordered]:
        first = cells[antigens[0]]
        lines.append(
            {
                "label": language.phu(first),
                "title": unit_title(language)(first),
                "is_province": first["phu_id"] is None,
                "cells": [
                    (
                        category_of(row),
                        language.number(row["coverage_percent"], 1) + few(language, row)
                        if has_value(row, "coverage_percent")
                        else ("–" if not row["withheld"] else "…"),
                    )
                    for row in (cells[antigen] for antigen in antigens)
                ],
            }
        )
    return Figure(
        key=f"matrix-{age}",
        title=matrix_title(report, age, rows),
        subtitle=language("units.matrix_subtitle", age=age),
        drawing={
            "headings": [first_upper(language.antigen(antigen, "plain")) for antigen in antigens],
            "lines": lines,
            "label": language("units.matrix_subtitle", age=age),
        },
        data=data_table(language, f"coverage-units-{age}", rows, COVERAGE_COLUMNS),
        notes=notes(language, rows),
    )


def matrix_title(report: Report, age: int, rows: list[dict]) -> str:
    language = report.language
    units = [row for row in of_phus(rows) if row["goal_percent"] is not None]
    if says_little(units, "coverage_percent"):
        key = why_no_goals(units)
        return first_upper(
            language("units.matrix_none" if key == "goals_unknown" else f"coverage.{key}", age=report.age(age))
        )
    shown = compared(units, "coverage_percent")
    if not shown:
        return first_upper(language("units.matrix_few", age=report.age(age), few=FEW_STUDENTS))
    reached = sum(map(reaches_goal, shown))
    title = language("units.matrix", age=report.age(age), count=reached, total=language.number(len(shown)))
    return remarked(language, first_upper(title), units, "coverage_percent")


def of_units(warehouse: Warehouse, pair: tuple[str, int]) -> list[dict]:
    return select(warehouse.coverage, geography="phu", antigen=pair[0], age=pair[1])


def all_maps_title(report: Report, pairs: list[tuple[str, int]]) -> str:
    """Which maps have the most units in the lowest category, of the units that may be compared."""
    language = report.language
    maps = {pair: of_units(report.warehouse, pair) for pair in pairs}
    rows = [row for of_map in maps.values() for row in of_map]
    if says_little(rows, "coverage_percent"):
        return language("units.all_maps_none")
    shown = {pair: compared(of_map, "coverage_percent") for pair, of_map in maps.items()}
    if not any(shown.values()):
        return language("units.all_maps_few", few=FEW_STUDENTS)
    lowest = {pair: sum(category_of(row) == "c1" for row in of_map) for pair, of_map in shown.items()}
    most = max(lowest.values())
    worst = [pair for pair in pairs if lowest[pair] == most]
    totals = {len(shown[pair]) for pair in worst}
    names = antigens_at_ages(language, [{"antigen": antigen, "age": age} for antigen, age in worst])
    title = language(
        "units.all_maps" if len(totals) == 1 else "units.all_maps_each",
        count=len(worst),
        units=language.number(most),
        total=language.number(max(totals)),
        names=names,
    )
    if not most:
        title = language("units.all_maps_zero")
    return remarked(language, first_upper(title), rows, "coverage_percent", of="units")


def units(report: Report) -> Section | None:
    language, warehouse = report.language, report.warehouse
    if report.scope.is_unit:
        return None
    pairs = antigen_ages(warehouse)
    choices = [
        Choice(
            value=choice_of(antigen, age),
            group=language("age", age=age),
            label=language("antigen_at_age", antigen=language.antigen(antigen), age=age),
            figure=unit_figure(report, antigen, age),
            short_label=language(
                "antigen_at_age", antigen=first_upper(language.antigen(antigen, "plain")), age=age
            ),
        )
        for antigen, age in pairs
    ]
    shown = [
        (choice.value, select(warehouse.coverage, antigen=antigen, age=age))
        for choice, (antigen, age) in zip(choices, pairs, strict=True)
    ]
    chosen = first_shown(shown, "coverage_percent", choice_of(*lead("units")))

    with_goal = [pair for pair in pairs if pair in warehouse.goals]
    all_maps = None
    if with_goal and report.scope.has_map:
        all_maps = Figure(
            key="all-maps",
            title=all_maps_title(report, with_goal),
            subtitle=language("units.all_maps_subtitle"),
            drawing=[choice for choice, pair in zip(choices, pairs, strict=True) if pair in warehouse.goals],
        )
    ages = sorted({age for _, age in pairs})
    matrices = [matrix(report, age) for age in ages if sum(pair[1] == age for pair in pairs) > 1]
    categories = [(f"c{n}", text) for n, text in enumerate(language.entries("units.categories"), start=1)]
    seen = {category_of(row) for pair in with_goal for row in of_units(warehouse, pair)}
    for kind, key in (("withheld", "category_withheld"), ("empty", "category_no_students")):
        categories += [(kind, language(f"units.{key}"))] if kind in seen else []
    return Section(
        "units",
        {"choices": choices, "chosen": chosen, "all_maps": all_maps, "matrices": matrices, "categories": categories},
    )


# Coverage by school, of one unit


def schools(report: Report) -> Section | None:
    """How many schools of the unit are in each category: no school is named, and few students are not judged."""
    if not report.scope.is_unit:
        return None
    rows = report.warehouse.schools_of(report.scope.units[0]["phu_id"])
    # A number of students that is withheld is not zero.
    with_students = [row for row in rows if row["students"] != 0]
    with_goal = [row for row in with_students if (row["antigen"], row["age"]) in report.warehouse.goals]
    figures = [
        schools_figure(report, age, of_age)
        for age in report.warehouse.cohorts
        if (of_age := select(with_goal, age=age))
    ]
    return Section("schools", {"figures": figures}) if figures else None


def schools_figure(report: Report, age: int, rows: list[dict]) -> Figure:
    language, warehouse = report.language, report.warehouse
    columns = [*(f"schools_{n}" for n in range(1, 6)), "schools_few", "schools_withheld"]
    counts: dict[str, Counter] = {}
    for row in rows:
        counts.setdefault(row["antigen"], Counter())[f"schools_{place_of_school(warehouse, row)}"] += 1
    total = sum(counts.values(), Counter())
    below = sum(total[f"schools_{n}"] for n in range(1, 5))
    title = language(
        "schools.title",
        age=report.age(age),
        below=language.number(below),
        reached=language.number(total["schools_5"]),
        few=language.number(total["schools_few"]),
        withheld=language.number(total["schools_withheld"]),
    )
    subtitle = language("schools.subtitle", age=age)
    kinds = [*(f"c{n}" for n in range(1, 6)), "no-goal", "withheld"]
    lines = [
        {
            "label": language.antigen(antigen),
            "title": "",
            "is_province": False,
            "cells": [
                (kind if of_antigen[column] else "nothing", language.number(of_antigen[column]))
                for kind, column in zip(kinds, columns, strict=True)
            ],
        }
        for antigen, of_antigen in sorted(counts.items(), key=lambda found: sort_key(language.antigen(found[0])))
    ]
    data = [
        {"school_year": warehouse.school_year, "age": age, "antigen": antigen} | {c: of_antigen[c] for c in columns}
        for antigen, of_antigen in counts.items()
    ]
    headings = [*language.entries("units.categories"), language("schools.few", few=FEW_STUDENTS), language("withheld")]
    key = f"schools-{age}"
    return Figure(
        key=key,
        title=first_upper(title),
        subtitle=subtitle,
        drawing={"headings": headings, "lines": lines, "label": subtitle},
        data=data_table(language, key, data, ["school_year", "age", "antigen", *columns]),
        notes=[language("schools.note")],
    )


def place_of_school(warehouse: Warehouse, row: dict) -> str:
    if row["is_withheld"] or row["students"] is None:
        return "withheld"
    if row["students"] < FEW_STUDENTS:
        return "few"
    return str(warehouse.map_category(row["antigen"], row["age"], row["coverage_percent"]))


# All diseases designated under the ISPA


def all_ispa(report: Report) -> Section | None:
    language, warehouse = report.language, report.warehouse
    rows = warehouse.coverage_all_ispa
    if not rows:
        return None
    by_unit: dict[str | None, dict] = {}
    for row in rows:
        unit = by_unit.setdefault(row["phu_id"], dict(row) | {"is_few": False, "withheld": frozenset()})
        percent = f"percent_{row['age']}"
        unit[percent] = row["coverage_percent"]
        unit["withheld"] |= {percent} if row["withheld"] else set()
        unit["is_few"] = unit["is_few"] or row["is_few"]
    ages = sorted({row["age"] for row in rows})
    ordered = ranked(language, list(by_unit.values()), f"percent_{ages[0]}")
    subtitle = language(f"all_ispa.subtitle{'_unit' if report.scope.is_unit else ''}", first=report.age(ages[0]))
    # The youngest cohort is drawn full, the oldest open, as initiated and completed series are.
    marks = {age: f"cohort-{place}" for place, age in enumerate([ages[0], *ages[:0:-1]])}
    drawing = dot_table(
        language,
        ordered,
        label=subtitle,
        heading=language("public_health_unit"),
        columns=[(f"percent_{age}", marks[age], first_upper(report.age(age))) for age in ages],
        name=language.phu,
        title=unit_title(language),
        legend=[(marks[age], first_upper(report.age(age))) for age in ages],
        has_line=True,
    )
    at = {age: only(rows, geography="province", age=age) for age in ages}
    if report.scope.is_unit:
        drawing = dot_table(
            language,
            list(at.values()),
            label=subtitle,
            heading=language("table.age"),
            columns=[("coverage_percent", "bar", language("table.coverage_percent"))],
            name=lambda row: language("age", age=row["age"]),
            ends=(0, 100),
        )
    data_rows = sorted(rows, key=lambda row: (row["age"], row["phu_id"] is not None, sort_key(language.phu(row))))
    figure = Figure(
        key="all-ispa",
        title=all_ispa_sentence(language, at),
        subtitle=subtitle,
        drawing=drawing,
        data=data_table(
            language,
            "coverage-all-ispa",
            data_rows,
            ["school_year", "phu_name", "age", "students", "students_up_to_date", "coverage_percent"],
        ),
        notes=notes(language, rows),
    )
    return Section("all_ispa", {"figure": figure})


def all_ispa_sentence(language: Language, at: dict[int, dict]) -> str:
    told = [age for age in at if has_value(at[age], "coverage_percent")]
    if not told:
        return language("all_ispa.title_none")
    cohorts = [
        language(
            f"all_ispa.title_cohort{'_other' if place else ''}",
            coverage=cell(language, at[age], "coverage_percent"),
            age=age,
        )
        for place, age in enumerate(told)
    ]
    others = [language("at_age", age=age) for age in at if age not in told]
    key = "title_some" if others else "title"
    values = {"cohorts": language.joined(cohorts), "others": language.joined(others)}
    return first_upper(language(f"all_ispa.{key}", **values))


# Hepatitis B and HPV series


def series_sentence(language: Language, row: dict) -> str:
    """Completion, and who has no dose; of the two, what is not withheld."""
    values = {"antigen": language.antigen(row["antigen"], "of"), "age": language("at_age", age=row["age"])}
    key = "title"
    if not has_value(row, "unimmunized_percent"):
        key = "title_completed"
    else:
        values["unimmunized"] = cell(language, row, "unimmunized_percent")
    if not has_value(row, "completed_percent"):
        key = "title_withheld" if "completed_percent" in row["withheld"] else "title_no_students"
        return first_upper(language(f"series.{key}", **values))
    return first_upper(language(f"series.{key}", completed=cell(language, row, "completed_percent"), **values))


def beside_whole(language: Language, section: str, rows: list[dict], column: str, values: dict) -> str:
    """The title of a ranking of units: its ends, and the units together where these have a value."""
    whole = only(rows, geography="province")
    values = values | extremes(language, rows, column) | {"few": FEW_STUDENTS}
    is_told = has_value(whole, column)
    if is_told:
        values["province"] = cell(language, whole, column)
    if "same" in values or "one" in values:
        key = "units_same" if "same" in values else "units_one"
    elif "high" in values:
        key = "units_title" if is_told else "units_range"
    elif says_little(of_phus(rows), column):
        return language(f"{section}.{'units_none' if is_told else 'units_nothing'}", **values)
    else:
        return language(f"{section}.{'units_few' if is_told else 'units_nothing'}", **values)
    return remarked(language, language(f"{section}.{key}", **values), of_phus(rows), column, of="units")


def series_dots(report: Report, rows: list[dict], label: str, heading: str, name: Callable[[dict], str]) -> DotTable:
    language = report.language
    kinds = ("initiated", "completed", "unimmunized")
    return dot_table(
        language,
        rows,
        label=label,
        heading=heading,
        columns=[(f"{kind}_percent", kind, language(f"series.mark_{kind}")) for kind in kinds],
        name=name,
        title=unit_title(language),
        ends=(0, 100),
        legend=[(kind, language(f"series.mark_{kind}")) for kind in kinds],
    )


def series(report: Report) -> Section | None:
    language, warehouse = report.language, report.warehouse
    rows = warehouse.series_uptake
    if not rows:
        return None
    in_province = select(rows, geography="province")
    pairs = list(dict.fromkeys((row["antigen"], row["age"]) for row in in_province))
    ordered = []
    for antigen, age in pairs:
        of_pair = {row["gender"]: row for row in select(in_province, antigen=antigen, age=age)}
        # If one gender is assessed, it is the total.
        genders = ["all", "F", "M"] if "M" in of_pair else ["F"]
        ordered += [of_pair[gender] for gender in genders]

    def row_name(row: dict) -> str:
        of = {"antigen": language.antigen(row["antigen"]), "age": language("at_age", age=row["age"])}
        return language("series.row_gender", gender=language(f"series.gender_of.{row['gender']}"), **of)

    subtitle = language("series.province_subtitle")
    province_figure = Figure(
        key="series-province",
        title=series_sentence(language, lead_row("series", select(in_province, gender="all"))),
        subtitle=subtitle,
        drawing=series_dots(report, ordered, subtitle, language("table.antigen"), row_name),
        data=data_table(language, "series-uptake-province", ordered, SERIES_COLUMNS),
        notes=notes(language, ordered),
    )
    choices: list[Choice] = []
    if report.scope.is_unit:
        return Section("series", {"province": province_figure, "choices": choices})
    for antigen, age in pairs:
        unit_rows = ranked(language, select(rows, antigen=antigen, age=age, gender="all"), "completed_percent")
        at = {"antigen": language.antigen(antigen, "of"), "age": report.age(age)}
        title = beside_whole(language, "series", unit_rows, "completed_percent", at)
        subtitle = language("series.units_subtitle", antigen=language.antigen(antigen, "plain"), age=report.age(age))
        figure = Figure(
            key=f"series-{antigen}-{age}",
            title=first_upper(title),
            subtitle=subtitle,
            drawing=series_dots(report, unit_rows, subtitle, language("public_health_unit"), language.phu),
            data=data_table(language, f"series-uptake-{antigen}-{age}", unit_rows, SERIES_COLUMNS),
            notes=notes(language, unit_rows),
        )
        label = language("antigen_at_age", antigen=language.antigen(antigen), age=age)
        choices.append(Choice(choice_of(antigen, age), language.antigen(antigen), label, figure))
    shown = [(choice_of(antigen, age), select(rows, antigen=antigen, age=age, gender="all")) for antigen, age in pairs]
    chosen = first_shown(shown, "completed_percent", choice_of(*lead("series")))
    return Section("series", {"province": province_figure, "choices": choices, "chosen": chosen})


# Exemptions


def exemption_dots(report: Report, rows: list[dict], label: str, heading: str, name: Callable[[dict], str]) -> DotTable:
    language = report.language
    kinds = ("medical", "nonmedical")
    return dot_table(
        language,
        rows,
        label=label,
        heading=heading,
        columns=[(f"{kind}_percent", kind, language(f"exemptions.mark_{kind}")) for kind in kinds],
        name=name,
        title=unit_title(language),
        ceiling=None,
        legend=[(kind, language(f"exemptions.mark_{kind}")) for kind in kinds],
        has_line=True,
    )


def exemptions_title(report: Report, rows: list[dict]) -> str:
    """What is most frequent, of what is not withheld."""
    language = report.language
    columns = [name for name in ("nonmedical_percent", "medical_percent") if not says_little(rows, name)]
    if "nonmedical_percent" not in columns:
        return language("exemptions.antigens_none")
    if not compared(rows, "nonmedical_percent"):
        return language("exemptions.antigens_few", few=FEW_STUDENTS)
    most = {
        column: share(of_column, partial(printed, column=column))
        for column in columns
        if (of_column := compared(rows, column))
    }
    first = most["nonmedical_percent"]
    values = {"nonmedical": cell(language, first[0], "nonmedical_percent")}
    values["results"] = antigens_at_ages(language, first)
    key = "antigens_title_nonmedical"
    if "medical_percent" in most:
        key = "antigens_title"
        values["medical"] = cell(language, most["medical_percent"][0], "medical_percent")
    if not any(row["nonmedical_percent"] for row in first):
        key = "antigens_zero"
    elif not printed(first[0], "nonmedical_percent"):
        key = "antigens_under"
    return remarked(language, language(f"exemptions.{key}", **values), rows, *columns)


def exemptions(report: Report) -> Section:
    language, warehouse = report.language, report.warehouse
    rows = select(warehouse.exemptions, geography="province")
    by_age = sorted(rows, key=lambda row: (row["age"], -(row["nonmedical_percent"] or 0)))
    subtitle = language("exemptions.antigens_subtitle")
    by_antigen = Figure(
        key="exemptions-antigens",
        title=exemptions_title(report, rows),
        subtitle=subtitle,
        drawing=exemption_dots(
            report,
            by_age,
            subtitle,
            language("table.antigen"),
            lambda row: language("antigen_at_age", antigen=language.antigen(row["antigen"]), age=row["age"]),
        ),
        data=data_table(language, "exemptions-province", by_age, ["school_year", "age", "antigen", *EXEMPTION_COLUMNS]),
        notes=notes(language, rows),
    )
    if report.scope.is_unit:
        return Section("exemptions", {"by_antigen": by_antigen, "any": any_exemption(report), "choices": []})
    choices = []
    for age in sorted({row["age"] for row in warehouse.exemptions_any_ispa}):
        unit_rows = ranked(language, select(warehouse.exemptions_any_ispa, age=age), "nonmedical_percent")
        title = beside_whole(language, "exemptions", unit_rows, "nonmedical_percent", {"age": report.age(age)})
        subtitle = language("exemptions.units_subtitle", age=age)
        figure = Figure(
            key=f"exemptions-{age}",
            title=first_upper(title),
            subtitle=subtitle,
            drawing=exemption_dots(report, unit_rows, subtitle, language("public_health_unit"), language.phu),
            data=data_table(
                language,
                f"exemptions-any-ispa-{age}",
                unit_rows,
                ["school_year", "phu_name", "age", *EXEMPTION_COLUMNS],
            ),
            notes=notes(language, unit_rows),
        )
        choices.append(Choice(str(age), language("table.age"), language("age", age=age), figure))
    shown = [(choice.value, select(warehouse.exemptions_any_ispa, age=int(choice.value))) for choice in choices]
    chosen = first_shown(shown, "nonmedical_percent")
    return Section("exemptions", {"by_antigen": by_antigen, "any": None, "choices": choices, "chosen": chosen})


def any_exemption(report: Report) -> Figure:
    """Of one unit: exemptions to any designated disease, by age."""
    language = report.language
    rows = sorted(select(report.warehouse.exemptions_any_ispa, geography="province"), key=lambda row: row["age"])
    subtitle = language("exemptions.any_subtitle")
    ages = language("table.age")
    columns = ["school_year", "phu_name", "age", *EXEMPTION_COLUMNS]
    return Figure(
        key="exemptions-any",
        title=exemptions_sentence(language, rows),
        subtitle=subtitle,
        drawing=exemption_dots(report, rows, subtitle, ages, lambda row: language("age", age=row["age"])),
        data=data_table(language, "exemptions-any-ispa", rows, columns),
        notes=notes(language, rows),
    )


def exemptions_sentence(language: Language, rows: list[dict]) -> str:
    """Exemptions to any designated disease at each age."""

    def at_each_age(column: str) -> str:
        said = [
            language("exemptions.at", percent=cell(language, row, column) + few(language, row), age=row["age"])
            for row in sorted(rows, key=lambda row: row["age"])
        ]
        return language.joined(said)

    return language(
        "exemptions.any_title", nonmedical=at_each_age("nonmedical_percent"), medical=at_each_age("medical_percent")
    )


# Assignment of students


def summed(rows: list[dict], column: str, total: int | None) -> list[dict]:
    """By name over the ages, as percent of `total`; withheld where one of the ages is."""
    sums: dict[str, int | None] = {}
    for row in rows:
        before = sums.get(row["name"], 0)
        sums[row["name"]] = None if before is None or row[column] is None else before + row[column]
    return [
        {
            "name": name,
            "phu_id": "",
            "phu_name": "",
            column: count,
            "percent": 100 * count / total if total and count is not None else None,
            "is_few": False,
            "withheld": frozenset({"percent"} if count is None or total is None else ()),
        }
        for name, count in sums.items()
    ]


def assignment(report: Report) -> Section | None:
    language, rows = report.language, report.warehouse.school_assignment
    rows = [
        row | {"withheld": frozenset({"percent"} if decision_is_withheld(row) else ()), "is_few": False} for row in rows
    ]
    decisions = select(rows, kind="decision")
    order = list(language.entries("assignment.decisions"))
    counts = [row["students"] for row in decisions]
    by_decision = summed(decisions, "students", None if None in counts else sum(counts))
    by_decision.sort(key=lambda row: order.index(row["name"]))

    def bars(of: list[dict], texts: str, label: str) -> DotTable:
        return dot_table(
            language,
            of,
            label=label,
            heading=language(f"table.{'name' if texts == 'decisions' else 'reason'}"),
            columns=[("percent", "bar", language("assignment.mark"))],
            name=lambda row: language(f"assignment.{texts}.{row['name']}"),
            ends=(0, 100) if texts == "decisions" else None,
            ceiling=None,
        )

    subtitle = language("assignment.subtitle", ages=ages_told(language, sorted({row["age"] for row in decisions})))
    single = {row["age"]: row for row in select(decisions, name="single_record")}
    at_ages = [
        language("assignment.at_age", age=age, percent=cell(language, single[age], "percent"))
        for age in report.warehouse.cohorts
    ]
    columns = ["school_year", "age", "name", "students", "percent"]
    title = language("assignment.title_none")
    if has_value(by_decision[0], "percent"):
        title = first_upper(language("assignment.title", percent=cell(language, by_decision[0], "percent")))
    decision_figure = Figure(
        key="assignment",
        title=title,
        subtitle=subtitle,
        drawing=bars(by_decision, "decisions", subtitle),
        data=data_table(
            language,
            "school-assignment",
            sorted(decisions, key=lambda row: (row["age"], order.index(row["name"]))),
            columns,
            {"name": lambda row: language(f"assignment.decisions.{row['name']}")},
        ),
        notes=[language("assignment.at_ages", cohorts=", ".join(at_ages)), *notes(language, decisions)],
    )
    dropped = select(rows, kind="dropped")
    return Section("assignment", {"figures": [decision_figure, *records_not_used(report, dropped, decisions, bars)]})


def ages_told(language: Language, ages: list[int]) -> str:
    if ages == list(range(ages[0], ages[-1] + 1)):
        return language("assignment.ages", first=ages[0], last=ages[-1])
    return language.joined(list(map(str, ages)))


def decision_is_withheld(row: dict) -> bool:
    return row["kind"] == "decision" and row["students"] is None


def records_not_used(
    report: Report, dropped: list[dict], decisions: list[dict], bars: Callable[[list[dict], str, str], DotTable]
) -> list[Figure]:
    """Internal only: a release does not say which records were dropped."""
    if not dropped:
        return []
    language = report.language
    unused = sum(row["records"] for row in dropped)
    total = unused + sum(row["records"] for row in decisions)
    by_reason = sorted(summed(dropped, "records", total), key=lambda row: -row["records"])
    subtitle = language("assignment.dropped_subtitle")
    title = language("assignment.dropped_none")
    if unused:
        reason = language(f"assignment.dropped_reasons.{by_reason[0]['name']}")
        title = language("assignment.dropped_title", percent=language.percent(100 * unused / total), reason=reason)
    data = data_table(
        language,
        "education-records-not-used",
        sorted(dropped, key=lambda row: (row["age"], row["name"])),
        ["school_year", "age", "name", "records", "percent"],
        {"name": lambda row: language(f"assignment.dropped.{row['name']}")},
    )
    drawing = bars(by_reason, "dropped", subtitle)
    return [Figure("records-not-used", first_upper(title), subtitle, drawing, data)]


# Data quality


def quality(report: Report) -> Section | None:
    language, rows = report.language, report.warehouse.data_quality
    if not rows:
        return None
    found = [row for row in rows if row["outcome"] != "passed"]
    passed = [row for row in rows if row["outcome"] == "passed"]

    def entry(row: dict) -> dict:
        return row | {
            "text": check_text(language, row),
            "outcome_text": language(f"quality.outcomes.{row['outcome']}"),
            "found": language.number(row["rows_failed"]),
            "checked": language.number(row["rows_checked"]),
            "percent": "–" if row["percent_failed"] is None else language.percent(row["percent_failed"], 2),
        }

    by_extract: dict[str, list[dict]] = {}
    for row in sorted(found, key=lambda row: -row["rows_failed"]):
        by_extract.setdefault(row["table_name"], []).append(entry(row))
    extracts = [
        (name, language(f"quality.extracts.{name}"), by_extract[name])
        for name in language.entries("quality.extracts")
        if name in by_extract
    ]
    figure = Figure(
        key="data-quality",
        title=language(
            "quality.title",
            count=len(found),
            total=language.number(len(rows)),
            warned=language.number(sum(row["outcome"] == "warned" for row in found)),
        ),
        subtitle=language("quality.subtitle"),
        drawing={"extracts": extracts, "passed": [entry(row) for row in passed]},
        data=quality_data(language, rows),
    )
    return Section("quality", {"figure": figure, "passed_count": len(passed)})


def check_text(language: Language, row: dict) -> str:
    """The check's sentence in the language; a check without a text has the mart's sentence."""
    return language.spaced(f"checks.{row['check']}") or row["description"]


def quality_data(language: Language, rows: list[dict]) -> DataTable:
    columns = ["school_year", "extract", "check", "outcome", "found", "checked", "percent"]
    as_rows = [
        row | {
            "extract": row["table_name"], "found": row["rows_failed"], "checked": row["rows_checked"],
            "percent": row["percent_failed"],
        }
        for row in rows
    ]  # fmt: skip
    texts = {
        "extract": lambda row: language(f"quality.extracts.{row['table_name']}"),
        "check": lambda row: check_text(language, row),
        "outcome": lambda row: language(f"quality.outcomes.{row['outcome']}"),
    }
    return data_table(language, "data-quality", as_rows, columns, texts)


# Methods


def years_of(warehouse: Warehouse, language: Language) -> dict[str, str]:
    return {
        "school_year": language.school_year(warehouse.school_year),
        "definitions_of": language.school_year(warehouse.definitions["definitions_of"]),
    }


def taken_over(warehouse: Warehouse, language: Language) -> str:
    """A sentence to follow the annex's name, if the definitions are another year's."""
    if warehouse.definitions["is_own_annex_read"]:
        return ""
    return f" {language('report.taken_over', **years_of(warehouse, language))}"


def methods(report: Report) -> Section:
    language, warehouse = report.language, report.warehouse
    values = {
        "window": language(f"methods.window.{warehouse.build.education_record_window}"),
        "taken_over": taken_over(warehouse, language),
        "changes": changes(warehouse, language),
        **years_of(warehouse, language),
    }
    paragraphs = [
        (language(f"methods.paragraphs.{name}.heading"), language(f"methods.paragraphs.{name}.text", **values))
        for name in language.entries("methods.paragraphs")
    ]
    order = list(language.entries("methods.parameters"))
    by_antigen: dict[str, list[dict]] = {}
    for row in warehouse.antigen_definitions:
        if row.get("change") == "ended":
            continue
        by_antigen.setdefault(row["antigen"], []).append(row)
    antigens = []
    for antigen, rules in sorted(by_antigen.items(), key=lambda found: sort_key(language.antigen(found[0]))):
        groups: dict[str, list[dict]] = {}
        for rule in sorted(rules, key=lambda rule: (order.index(rule["parameter"]), rule["rule_id"])):
            groups.setdefault(language(f"methods.parameters.{rule['parameter']}"), []).append(
                rule | {"applied": language.rule(rule["definition"])}
            )
        antigens.append((antigen, language.antigen(antigen), groups))
    return Section("methods", {"paragraphs": paragraphs, "antigens": antigens})
