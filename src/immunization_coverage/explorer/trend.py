"""The explorer's chart of series over the years: what is drawn of each, and the chart."""

from __future__ import annotations

from dataclasses import dataclass

import altair

from immunization_coverage.explorer.pictures import labels_of
from immunization_coverage.report.figures import cell, domain, few
from immunization_coverage.report.language import Language
from immunization_coverage.report.trends import Point, Remarks, named_by_parts, segment_in_words, segments

PROVINCE_COLOUR, UNIT_COLOUR, ADDED_UP_COLOUR = "#175676", "#b04f0c", "#57616b"
PEER_COLOURS = ("#3d6b1f", "#6b3fa0", "#8a6d00", "#a02c5d", "#2a7a9c", "#7a4a2a", "#4a5a8a", "#1f6b5c")


@dataclass(frozen=True)
class Series:
    """The points of the province, of the chosen public health unit or of a peer; `unit` has its id and name."""

    unit: dict
    colour: str
    points: list[Point]
    is_labelled: bool


@dataclass(frozen=True)
class TrendChart:
    """`picture` is the chart with a legend of its own, as the page has it above the chart."""

    chart: altair.LayerChart
    picture: altair.LayerChart
    legend: list[tuple[str, str]]
    breaks: list[tuple[str, str]]
    rows: list[dict]
    # Units whose parts are added up before their merger.
    merged: list[dict]


def trend_chart(language: Language, found: list[Series], ceiling: float | None, by_age: bool = False) -> TrendChart:
    """Lines by school year, or by the age of a cohort; dashed where they break, with a letter above and its reason."""
    remarks = Remarks(language)
    dots: list[dict] = []
    lines: list[dict] = []
    colours: dict[str, str] = {}
    rows: list[dict] = []
    places: dict[int, str] = {}
    for series in found:
        for point in series.points:
            places[point.first_year] = (
                language("age", age=point.age) if by_age else language.school_year(point.school_year)
            )
            if point.row is not None:
                rows.append(named_by_parts(language, point.row) | {"age": point.age})
        for point in series.points:
            if not point.has_value:
                continue
            name = line_of(language, series, point)
            colours.setdefault(name, ADDED_UP_COLOUR if point.is_added_up else series.colour)
            value = cell(language, point.row or {}, point.percent) + few(language, point.row or {})
            told = language("named", name=f"{name}, {places[point.first_year]}", value=value)
            dots.append(
                {"place": point.first_year, "percent": point.value, "line": name, "text": value, "told": told,
                 "is_few": point.is_few, "is_labelled": series.is_labelled}
            )  # fmt: skip
        for segment in segments(series.points):
            letters = remarks.marks(segment, series.unit, language.phu(series.unit))
            lines.append(
                {"place": segment.earlier.first_year, "to": segment.later.first_year,
                 "percent": segment.earlier.value, "to_percent": segment.later.value,
                 "line": line_of(language, series, segment.earlier), "letters": letters,
                 "told": segment_in_words(segment, language, series.unit),
                 "is_dashed": segment.is_break or segment.earlier.is_added_up, "is_labelled": series.is_labelled}
            )  # fmt: skip
    # Of two labelled lines, the higher one's number stands above its point and the lower one's below.
    for dot in dots:
        beside = [other["percent"] for other in dots if other["place"] == dot["place"] and other["is_labelled"]]
        dot["side"] = "above" if beside and dot["percent"] == max(beside) else "below"
    # Peers lie below.
    dots.sort(key=lambda dot: dot["is_labelled"])
    lines.sort(key=lambda line: line["is_labelled"])
    ends = domain([dot["percent"] for dot in dots], ceiling)
    breaks = remarks.listed()
    lettered = letters_between(lines, breaks)
    chart, picture = (
        drawn(dots, lines, lettered, colours, dict(sorted(places.items())), ends, legend)
        for legend in (None, altair.Legend(orient="bottom", columns=2, labelLimit=400))
    )
    merged = [series.unit for series in found if any(point.is_added_up for point in series.points)]
    rows.sort(key=lambda row: row["school_year"])
    return TrendChart(chart, picture, list(colours.items()), breaks, rows, merged)


def line_of(language: Language, series: Series, point: Point) -> str:
    """The name of the line: the unit's, or its parts' where they are added up."""
    if point.is_added_up and point.row:
        return named_by_parts(language, point.row)["phu_name"]
    return language.phu(series.unit)


def letters_between(lines: list[dict], breaks: list[tuple[str, str]]) -> list[dict]:
    """The letters of the breaks, once between two years."""
    found: dict[float, list[str]] = {}
    for line in lines:
        found.setdefault((line["place"] + line["to"]) / 2, []).extend(line["letters"])
    sentences = dict(breaks)
    return [
        {"place": place, "letters": ", ".join(letters), "told": " ".join(sentences[letter] for letter in letters)}
        for place, all_letters in found.items()
        if (letters := sorted(set(all_letters), key=list(sentences).index))
    ]


def drawn(
    dots: list[dict],
    lines: list[dict],
    letters: list[dict],
    colours: dict[str, str],
    places: dict[int, str],
    ends: tuple[float, float],
    legend: altair.Legend | None,
) -> altair.LayerChart:
    x = altair.X(
        "place:Q",
        title=None,
        scale=altair.Scale(domain=[min(places, default=0) - 0.3, max(places, default=1) + 0.3], nice=False),
        axis=altair.Axis(values=list(places), labelExpr=labels_of(places), grid=False, labelFlush=False),
    )
    y = altair.Y("percent:Q", title=None, scale=altair.Scale(domain=ends))
    colour = altair.Color(
        "line:N",
        title=None,
        scale=altair.Scale(domain=list(colours), range=list(colours.values())),
        legend=legend,
    )
    told = altair.Tooltip("told:N", title=" ")
    width = altair.condition("datum.is_labelled", altair.value(2.5), altair.value(1.25))
    of_lines = altair.Chart(altair.Data(values=lines)).encode(
        x, y, colour, x2="to:Q", y2="to_percent:Q", tooltip=told, strokeWidth=width
    )
    of_dots = altair.Chart(altair.Data(values=dots)).encode(x, y, colour, tooltip=told)
    layers = [
        of_lines.transform_filter("!datum.is_dashed").mark_rule(),
        of_lines.transform_filter("datum.is_dashed").mark_rule(strokeDash=[5, 4]),
        of_dots.transform_filter("!datum.is_few").mark_point(filled=True, opacity=1, size=70),
        of_dots.transform_filter("datum.is_few").mark_point(
            filled=False, opacity=1, size=60, fill="white", strokeWidth=2
        ),
        *(
            of_dots.transform_filter(f"datum.is_labelled && datum.side == '{side}'")
            .mark_text(dy=dy, fontWeight="bold")
            .encode(text="text:N")
            for side, dy in (("above", -13), ("below", 15))
        ),
        altair.Chart(altair.Data(values=letters))
        .mark_text(fontWeight="bold", color="#8a2f06", baseline="bottom")
        .encode(x, y=altair.value(-4), text="letters:N", tooltip=told),
    ]
    return altair.layer(*layers)
