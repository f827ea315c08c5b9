"""The chapter of the school years side by side: small multiples of the province, and tables by public health unit."""

from __future__ import annotations

from dataclasses import dataclass

from immunization_coverage.report.figures import (
    DataTable,
    Figure,
    cell,
    data_table,
    domain,
    few,
    notes,
    place,
    ticks,
)
from immunization_coverage.report.language import Language, first_upper, rounded, sort_key
from immunization_coverage.report.leads import lead
from immunization_coverage.report.measures import COVERAGE, MEASURES, Measure
from immunization_coverage.report.sections import (
    Choice,
    Report,
    Section,
    antigen_of_most_ages,
    unit_title,
)
from immunization_coverage.report.titles import named as ties
from immunization_coverage.report.titles import remarked, share
from immunization_coverage.report.trends import (
    Point,
    Remarks,
    cohort,
    has_breaks,
    named_by_parts,
    segment_in_words,
    segments,
    series,
)
from immunization_coverage.report.warehouse import select

BY_KEY = {measure.key: measure for measure in MEASURES}
SERIES = ("initiated", "completed", "unimmunized")
EXEMPTIONS = ("nonmedical", "medical")
# The panel's drawing, in units of its view box.
WIDTH, HEIGHT = 220, 150
LEFT, RIGHT, TOP, BOTTOM = 50, 196, 34, 122


@dataclass(frozen=True)
class Line:
    """Between two points; dashed where the series breaks, with the reasons and their letters."""

    x1: float
    y1: float
    x2: float
    y2: float
    letters: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    text: str
    title: str
    is_few: bool


@dataclass(frozen=True)
class Panel:
    """One series: `label` has its values in words."""

    heading: str
    label: str
    lines: list[Line]
    dots: list[Dot]
    x_ticks: list[float]
    ends: tuple[str, str]
    y_ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Panels:
    """Small multiples on one scale; `breaks` has a sentence for each letter."""

    panels: list[Panel]
    breaks: list[tuple[str, str]]


@dataclass(frozen=True)
class UnitRow:
    label: str
    title: str
    is_province: bool
    cells: list[tuple[str, str]]
    change: str


@dataclass(frozen=True)
class UnitTable:
    """A measure's percents by unit and school year; a break of a whole column is in its head."""

    headings: list[tuple[str, str]]
    rows: list[UnitRow]
    breaks: list[tuple[str, str]]
    data: DataTable


def over_years(report: Report) -> Section | None:
    """None where the warehouse keeps one school year, and for a year by other definitions than its own."""
    if not report.warehouse.year.is_as_reported or len(report.years) < 2:
        return None
    figures = [
        *(coverage_panels(report, age) for age in report.warehouse.cohorts),
        all_ispa_panels(report),
        series_panels(report),
        any_exemption_panels(report),
        cohort_panels(report),
    ]
    choices = [
        Choice(
            f"{key}-{age}",
            language_of_measure(report.language, key),
            report.language("age", age=age),
            exemption_panels(report, key, age),
        )
        for key in EXEMPTIONS
        for age in BY_KEY[key].ages(report.warehouse)
    ]
    tables = [] if report.scope.is_unit else [
        Choice("-".join(str(part) for part in (measure.key, antigen, age) if part), group, label, figure)
        for measure, age, antigen, group, label in measures_of_units(report)
        if (figure := unit_table(report, measure, age, antigen))
    ]
    antigen, age = lead("units")
    chosen = f"{COVERAGE.key}-{antigen}-{age}"
    return Section(
        "over_years",
        {
            "figures": [figure for figure in figures if figure],
            "choices": choices,
            "tables": tables,
            "chosen": chosen if chosen in [choice.value for choice in tables] or not tables else tables[0].value,
        },
    )


def language_of_measure(language: Language, key: str) -> str:
    return language(f"explorer.measures.{key}")


# Small multiples


@dataclass(frozen=True)
class Named:
    """A series of the province, and the panel's heading."""

    heading: str
    points: list[Point]
    name: str = ""


def of_province(report: Report, measure: Measure, age: int, antigen: str | None) -> list[Point]:
    return series(report.years, measure, age, antigen, [None])[None]


def by_antigen(report: Report, measure: Measure, age: int) -> list[Named]:
    language = report.language
    antigens = sorted(
        (a for a in measure.antigens(report.warehouse, age) if a), key=lambda a: sort_key(language.antigen(a))
    )
    return [
        Named(language.antigen(antigen), of_province(report, measure, age, antigen), antigen) for antigen in antigens
    ]


def in_years(report: Report) -> dict[str, str]:
    """First and last school year of the warehouse."""
    years = [report.language.school_year(year.school_year) for year in report.years]
    return {"first": years[0], "last": years[-1]}


def in_both(named: list[Named]) -> list[Named]:
    """The series with values of enough students in the first and in the last year."""
    ends = ((one, (one.points[0], one.points[-1])) for one in named)
    return [one for one, points in ends if all(point.has_value and not point.is_few for point in points)]


def from_to(language: Language, one: Named) -> dict[str, str]:
    return {
        name: cell(language, point.row, point.percent)
        for name, point in (("before", one.points[0]), ("after", one.points[-1]))
        if point.row
    }


def change_of(one: Named) -> float:
    """Points between the numbers as printed."""
    return float(rounded(one.points[-1].value, 1) - rounded(one.points[0].value, 1))


def higher_title(report: Report, key: str, named: list[Named], **values: str) -> str:
    """How many of the series are higher in the last year than in the first, and which changed most."""
    language, compared = report.language, in_both(named)
    values |= in_years(report)
    if not compared:
        return first_upper(language("over_years.none", **in_years(report)))
    most = share(compared, lambda one: abs(change_of(one)))
    higher = sum(change_of(one) > 0 for one in compared)
    title = language(f"over_years.{key}_title", count=higher, total=language.number(len(compared)), **values)
    largest = abs(change_of(most[0]))
    if largest and len(most) == 1:
        antigen = language.antigen(most[0].name, "of")
        title += language("over_years.most", antigen=antigen, **from_to(language, most[0]))
    elif largest:
        antigens = ties(language, [language.antigen(one.name, "plain") for one in most], "antigens")
        points = language("points", count=largest, value=language.number(largest, 1))
        title += language("over_years.most_shared", antigens=antigens, points=points)
    return qualified(report, first_upper(title), named)


def each_title(report: Report, key: str, named: list[Named]) -> str:
    """The first and the last value of each series, which `name` tells."""
    language, compared = report.language, in_both(named)
    if not compared:
        return first_upper(language("over_years.none", **in_years(report)))
    cohorts = [
        language(f"over_years.{'from_to' if change_of(one) else 'same'}", name=one.name, **from_to(language, one))
        for one in compared
    ]
    title = language(f"over_years.{key}_title", cohorts=language.joined(cohorts), **in_years(report))
    return qualified(report, first_upper(title), named)


def qualified(report: Report, title: str, named: list[Named]) -> str:
    """The title, which says where it compares across breaks, and where it is about a part of the series only."""
    if any(has_breaks(one.points) for one in named):
        title = report.language("over_years.with_breaks", title=title)
    rows = [point.row for one in named for point in one.points if point.row]
    return remarked(report.language, title, rows, *{point.percent for one in named for point in one.points})


def coverage_panels(report: Report, age: int) -> Figure | None:
    named = by_antigen(report, COVERAGE, age)
    title = higher_title(report, "coverage", named, age=report.age(age))
    return panels_figure(report, f"coverage-{age}", "coverage", title, named, [COVERAGE], age=age)


def exemption_panels(report: Report, key: str, age: int) -> Figure:
    named = by_antigen(report, BY_KEY[key], age)
    title = higher_title(report, key, named, age=report.age(age))
    return panels_figure(report, f"{key}-{age}", key, title, named, [BY_KEY[key]], ceiling=None, age=age)


def all_ispa_panels(report: Report) -> Figure | None:
    measure, language = BY_KEY["all_ispa"], report.language
    named = [
        Named(language("age", age=age), of_province(report, measure, age, None), report.age(age))
        for age in measure.ages(report.warehouse)
    ]
    title = each_title(report, "all_ispa", named)
    return panels_figure(report, "all-ispa", "all_ispa", title, named, [measure]) if named else None


def series_panels(report: Report) -> Figure | None:
    language = report.language
    measures = [BY_KEY[key] for key in SERIES]
    found = {
        (antigen, age): [(measure, of_province(report, measure, age, antigen)) for measure in measures]
        for age in measures[0].ages(report.warehouse)
        for antigen in measures[0].antigens(report.warehouse, age)
        if antigen
    }
    named = [
        Named(
            language("over_years.series_panel", antigen=language.antigen(antigen), age=age,
                     measure=language(f"series.mark_{measure.key}")),
            points,
        )
        for (antigen, age), of_pair in found.items()
        for measure, points in of_pair
    ]  # fmt: skip
    if not named:
        return None
    key = lead("series") if lead("series") in found else next(iter(found))
    told = [
        Named("", points, language("over_years.antigen_at_age", antigen=language.antigen(key[0], "plain"), age=key[1]))
        for measure, points in found[key]
        if measure.key == "completed"
    ]
    return panels_figure(report, "series", "series", each_title(report, "series", told), named, measures)


def any_exemption_panels(report: Report) -> Figure | None:
    language = report.language
    measures = [BY_KEY[f"any_{key}"] for key in EXEMPTIONS]
    found = {
        measure.key: [(age, of_province(report, measure, age, None)) for age in measure.ages(report.warehouse)]
        for measure in measures
    }
    named = [
        Named(
            language("over_years.exemptions_panel", age=age,
                     measure=language(f"exemptions.mark_{key.removeprefix('any_')}")),
            points,
        )
        for key, by_age in found.items()
        for age, points in by_age
    ]  # fmt: skip
    if not named:
        return None
    told = [Named("", points, report.age(age)) for age, points in found["any_nonmedical"]]
    title = each_title(report, "exemptions", told)
    return panels_figure(report, "exemptions", "exemptions", title, named, measures, ceiling=None)


def cohort_panels(report: Report) -> Figure | None:
    """Those born in a year, of the antigen that is assessed at most ages, as they grow older."""
    language = report.language
    antigen = antigen_of_most_ages(select(report.warehouse.coverage, geography="province"))
    ages = sorted(row["age"] for row in select(report.warehouse.coverage, geography="province", antigen=antigen))
    last = report.warehouse.first_year
    found = {born: cohort(report.years, COVERAGE, born, antigen, [None])[None] for born in
             range(last - ages[-1], last - ages[0] + 1)}  # fmt: skip
    named = [
        Named(language("over_years.born", born=born), points, str(born))
        for born, points in found.items()
        if sum(point.has_value for point in points) > 1
    ]
    if not named:
        return None
    # The cohort that is seen longest, the youngest of these.
    told = max(named, key=lambda one: (len(one.points), one.name))
    shown = [point for point in told.points if point.has_value]
    before, after = (cell(language, p.row or {}, p.percent) + few(language, p.row or {}) for p in (shown[0], shown[-1]))
    title = language(
        f"over_years.cohorts_{'title' if before != after else 'same'}",
        born=told.name,
        antigen=language.antigen(antigen, "of"),
        before=before,
        after=after,
        first=shown[0].age,
        last=shown[-1].age,
    )
    return panels_figure(
        report, "cohorts", "cohorts", qualified(report, title, named), named, [COVERAGE], by_age=True,
        antigen=language.antigen(antigen, "of"),
    )  # fmt: skip


def panels_figure(
    report: Report,
    key: str,
    text: str,
    title: str,
    named: list[Named],
    measures: list[Measure],
    *,
    ceiling: float | None = 100,
    by_age: bool = False,
    **values: object,
) -> Figure:
    language = report.language
    subtitle = language(f"over_years.{text}_subtitle", **in_years(report), **values)
    rows = [point.row | {"age": point.age} for one in named for point in one.points if point.row]
    columns = ["school_year", "age", *(["antigen"] if measures[0].by_antigen else []), "students"]
    for column in ("count", "percent"):
        columns += list(dict.fromkeys(getattr(measure, column) for measure in measures))
    unique = list({tuple(row.get(column) for column in columns): row for row in rows}.values())
    return Figure(
        key=f"over-years-{key}",
        title=title,
        subtitle=subtitle,
        drawing=panels(report, named, ceiling, by_age),
        data=data_table(language, f"over-years-{key}", unique, columns),
        notes=notes(language, rows),
    )


def panels(report: Report, named: list[Named], ceiling: float | None, by_age: bool) -> Panels:
    language = report.language
    ends = domain([point.value for one in named for point in one.points if point.has_value], ceiling)
    remarks = Remarks(language)
    return Panels([panel(report, one, ends, remarks, by_age) for one in named], remarks.listed())


def panel(report: Report, one: Named, ends: tuple[float, float], remarks: Remarks, by_age: bool) -> Panel:
    language = report.language
    # A cohort's panel begins with its own first year.
    scale = [point.first_year for point in one.points] if by_age else [year.first_year for year in report.years]

    def x_of(first_year: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * (first_year - scale[0]) / ((scale[-1] - scale[0]) or 1), 1)

    def y_of(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * place(value, ends) / 100, 1)

    def when(point: Point) -> str:
        return language("age", age=point.age) if by_age else language.school_year(point.school_year)

    def value(point: Point) -> str:
        return cell(language, point.row or {}, point.percent) + few(language, point.row or {})

    shown = [point for point in one.points if point.has_value]
    dots = [
        Dot(
            x_of(point.first_year),
            y_of(point.value),
            value(point) if point in (shown[0], shown[-1]) else "",
            language("named", name=when(point), value=value(point)),
            point.is_few,
        )
        for point in shown
    ]
    lines = [
        Line(
            x_of(segment.earlier.first_year), y_of(segment.earlier.value), x_of(segment.later.first_year),
            y_of(segment.later.value), ",".join(remarks.marks(segment)), segment_in_words(segment, language),
        )
        for segment in segments(one.points)
    ]  # fmt: skip
    words = [language("named", name=when(point), value=value(point)) for point in one.points if point.row]
    marked = [line.letters for line in lines if line.letters]
    if marked:
        words.append(language("over_years.breaks.marked", letters=", ".join(marked)))
    first, last = (one.points[0], one.points[-1])
    ends_of_scale = (when(first), when(last)) if by_age else tuple(in_years(report).values())
    return Panel(
        one.heading,
        language("named", name=one.heading, value="; ".join(words)),
        lines,
        dots,
        [x_of(first_year) for first_year in scale],
        (ends_of_scale[0], ends_of_scale[1]),
        [(round(BOTTOM - (BOTTOM - TOP) * left / 100, 1), text) for left, text in ticks(language, ends)],
    )


# Tables by public health unit


def measures_of_units(report: Report) -> list[tuple[Measure, int, str | None, str, str]]:
    """Every measure, age and antigen with a table, and the group and label that a reader chooses by."""
    language, warehouse = report.language, report.warehouse
    keys = ("coverage", "all_ispa", *SERIES, *(f"any_{key}" for key in EXEMPTIONS))
    found = []
    for measure in (BY_KEY[key] for key in keys):
        name = language_of_measure(language, measure.key)
        for age in measure.ages(warehouse):
            for antigen in measure.antigens(warehouse, age):
                label = language("age", age=age)
                if antigen:
                    label = language("antigen_at_age", antigen=language.antigen(antigen), age=age)
                found.append((measure, age, antigen, name, label))
    return found


def subject(language: Language, measure: Measure, age: int, antigen: str | None) -> str:
    names = {"measure": language_of_measure(language, measure.key), "age": age}
    if antigen is None:
        return language("explorer.subject_all", **names)
    return language("explorer.subject", antigen=language.antigen(antigen, "plain"), **names)


def unit_table(report: Report, measure: Measure, age: int, antigen: str | None) -> Figure:
    language, warehouse = report.language, report.warehouse
    units = sorted(warehouse.phus, key=lambda phu: sort_key(language.phu(phu)))
    found = series(report.years, measure, age, antigen, [None, *(phu["phu_id"] for phu in units)])
    remarks = Remarks(language)
    of_province = {"phu_id": None, "phu_name": None}
    years = [year.school_year for year in report.years]
    # A year of few students has its mark in the cell.
    common = {
        phu_id: {one.later.school_year: remarks.marks(one.without_unit()) for one in segments(points)}
        for phu_id, points in found.items()
    }
    mergers = {
        phu["phu_id"]: {
            one.later.school_year: remarks.marks(one.of_merger(), phu) for one in segments(found[phu["phu_id"]])
        }
        for phu in units
    }
    heads = {}
    for year in years:
        letters = [set(marks[year]) for marks in common.values() if year in marks]
        heads[year] = sorted(set.intersection(*letters)) if letters else []

    def letters_of(phu_id: str | None, year: str) -> str:
        own = [letter for letter in common[phu_id].get(year, []) if letter not in heads[year]]
        return ", ".join([*own, *mergers.get(phu_id, {}).get(year, [])])

    rows = [
        UnitRow(
            label=language.phu(phu),
            title=unit_title(language)(phu),
            is_province=phu["phu_id"] is None,
            cells=[
                (value_of(language, point), letters_of(phu["phu_id"], point.school_year))
                for point in found[phu["phu_id"]]
            ],
            change=change_in_points(language, found[phu["phu_id"]]),
        )
        for phu in (of_province, *units)
    ]
    named = [Named("", found[phu["phu_id"]], "") for phu in units]
    what = subject(language, measure, age, antigen)
    compared = in_both(named)
    title = language("over_years.none", **in_years(report))
    if compared:
        higher = sum(change_of(one) > 0 for one in compared)
        total = language.number(len(compared))
        title = language("over_years.units_title", subject=what, count=higher, total=total, **in_years(report))
    lines = [named_by_parts(language, point.row) for points in found.values() for point in points if point.row]
    added_up = [line for line in lines if line.get("is_added_up")]
    key = "-".join(str(part) for part in ("over-years-units", measure.key, antigen, age) if part)
    columns = ["school_year", "phu_name", "age", *(["antigen"] if antigen else []), "students"]
    data = data_table(language, key, lines, [*columns, measure.count, measure.percent])
    return Figure(
        key=key,
        title=first_upper(qualified(report, title, named)),
        subtitle=language("over_years.units_subtitle", subject=what),
        drawing=UnitTable(
            [(language.school_year(year), ", ".join(heads[year])) for year in years],
            rows,
            remarks.listed(),
            data,
        ),
        notes=[*([language("over_years.added_up_note")] if added_up else []), *notes(language, lines)],
    )


def value_of(language: Language, point: Point) -> str:
    if point.row is None:
        return "–"
    value = cell(language, point.row, point.percent) + few(language, point.row)
    return language("over_years.added_up", value=value) if point.is_added_up else value


def change_in_points(language: Language, points: list[Point]) -> str:
    """From the first year with a value to the last."""
    shown = [point for point in points if point.has_value]
    if len(shown) < 2:
        return "–"
    change = change_of(Named("", shown))
    return ("+" if change > 0 else "") + language.number(change, 1)
