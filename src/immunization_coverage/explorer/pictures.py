"""The explorer's figures as pictures to download. Altair describes them, vl-convert draws them without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

import altair
import vl_convert

from immunization_coverage.report.figures import DotTable, TileMap

# The colours of figures.css: fill, and the text on it.
CATEGORIES = {
    "c1": ("#8a2f06", "#fff"), "c2": ("#c8621a", "#000"), "c3": ("#eea35c", "#000"), "c4": ("#fbdcb2", "#000"),
    "c5": ("#2a7a9c", "#fff"), "no-goal": ("#c9d3d9", "#000"), "withheld": ("#e6e8ea", "#333"),
    "empty": ("#fff", "#333"), "s1": ("#dbe9f0", "#000"), "s2": ("#a9cbdc", "#000"), "s3": ("#6fa8c3", "#000"),
    "s4": ("#2f7596", "#fff"), "s5": ("#0f4561", "#fff"),
}  # fmt: skip
ACCENT, INK, GREY = "#175676", "#1c2329", "#57616b"
ROW, TRACK, TILE = 20, 380, 52
FORMATS = {"svg": "image/svg+xml", "png": "image/png"}
Chart: TypeAlias = altair.Chart | altair.LayerChart


def drawn(chart: Chart, title: str, notes: list[str], form: str) -> bytes:
    """A chart as SVG or PNG, with its title above and what a reader has to know below the title."""
    titled = chart.properties(
        title=altair.TitleParams(
            folded(title), subtitle=[line for note in notes for line in folded(note)], anchor="start", fontSize=15,
            subtitleColor=GREY, subtitlePadding=6, offset=14,
        ),
        padding=16,
        background="white",
    )  # fmt: skip
    specification = titled.configure_view(stroke=None).to_json(validate=False)
    if form == "svg":
        return vl_convert.vegalite_to_svg(specification).encode("utf-8")
    return vl_convert.vegalite_to_png(specification, scale=2)


def folded(text: str, most: int = 92) -> list[str]:
    """A text in lines, which charts do not break by themselves."""
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def legend_of(entries: list[tuple[str, str]]) -> altair.Scale:
    return altair.Scale(domain=[text for _, text in entries], range=[CATEGORIES[kind][0] for kind, _ in entries])


def tiles_chart(tiles: TileMap, legend: list[tuple[str, str]]) -> altair.LayerChart:
    names = dict(legend)
    rows = [
        {"x": tile.x, "y": tile.y, "code": tile.phu_id, "value": tile.value + ("†" if tile.is_few else ""),
         "category": names.get(tile.category, ""), "on": CATEGORIES[tile.category][1]}
        for tile in tiles.tiles
    ]  # fmt: skip
    base = altair.Chart(altair.Data(values=rows)).encode(
        x=altair.X("x:O", axis=None), y=altair.Y("y:O", axis=None, sort="ascending")
    )
    squares = base.mark_rect(cornerRadius=3, stroke="white", strokeWidth=3).encode(
        color=altair.Color("category:N", title=None, scale=legend_of(legend),
                           legend=altair.Legend(orient="bottom", columns=2, labelLimit=400))
    )  # fmt: skip
    text = altair.Color("on:N", scale=None)
    codes = base.mark_text(dy=-9, fontSize=13, fontWeight="bold").encode(text="code:N", color=text)
    values = base.mark_text(dy=9, fontSize=13).encode(text="value:N", color=text)
    return altair.layer(squares, codes, values).properties(
        width=altair.Step(TILE), height=altair.Step(TILE)
    ).resolve_scale(color="independent")  # fmt: skip


def dots_chart(table: DotTable) -> altair.LayerChart:
    """A dot table as a chart: places are in percent of its scale, as in the table."""
    order = [f"{place:03}" for place in range(len(table.rows))]
    labels = {place: row.label for place, row in zip(order, table.rows, strict=True)}
    ticks = dict(table.ticks)
    marks = [
        {"row": place, "left": mark.left, "colour": CATEGORIES.get(mark.kind, (ACCENT, ""))[0],
         "is_open": mark.kind in ("initiated", "medical"), "is_bar": mark.kind == "bar"}
        for place, row in zip(order, table.rows, strict=True) for mark in row.marks
    ]  # fmt: skip
    goals = [
        {"row": place, "left": row.goal_left}
        for place, row in zip(order, table.rows, strict=True) if row.goal_left is not None
    ]  # fmt: skip
    values = [
        {"row": place, "text": "   ".join(row.values), "is_bold": row.is_chosen or row.is_province}
        for place, row in zip(order, table.rows, strict=True)
    ]
    y = altair.Y(
        "row:O", title=None, scale=altair.Scale(domain=order),
        axis=altair.Axis(labelExpr=labels_of(labels), domain=False, ticks=False, labelLimit=320, labelColor=INK),
    )  # fmt: skip
    x = altair.X(
        "left:Q", title=None, scale=altair.Scale(domain=[0, 100], nice=False),
        axis=altair.Axis(
            values=list(ticks), labelExpr=labels_of(ticks), orient="top", gridColor="#e6e9ec", domain=False
        ),
    )  # fmt: skip
    colour = altair.Color("colour:N", scale=None)
    layers: list[altair.Chart] = [
        altair.Chart(altair.Data(values=goals)).mark_tick(color=INK, thickness=2, size=ROW).encode(x=x, y=y),
    ] if goals else []  # fmt: skip
    of_marks = altair.Chart(altair.Data(values=marks))
    layers += [
        of_marks.transform_filter("datum.is_bar").mark_bar(size=11).encode(x=x, y=y, color=colour),
        of_marks.transform_filter("!datum.is_bar && datum.is_open")
        .mark_point(size=110, fill="white", strokeWidth=2.5, opacity=1).encode(x=x, y=y, stroke=colour),
        of_marks.transform_filter("!datum.is_bar && !datum.is_open")
        .mark_point(size=110, filled=True, opacity=1).encode(x=x, y=y, color=colour),
    ]  # fmt: skip
    of_values = altair.Chart(altair.Data(values=values))
    for is_bold, weight in ((True, "bold"), (False, "normal")):
        layers.append(
            of_values.transform_filter(f"datum.is_bold == {str(is_bold).lower()}")
            .mark_text(align="left", fontWeight=weight, color=INK)
            .encode(x=altair.value(TRACK + 14), y=y, text="text:N")
        )
    return altair.layer(*layers).properties(width=TRACK, height=altair.Step(ROW))


def labels_of(texts: Mapping[str, str] | Mapping[int, str] | Mapping[float, str]) -> str:
    """A Vega expression for the labels of an axis: the text of each value."""
    written = partial(json.dumps, ensure_ascii=False)
    named = (f"datum.value == {written(value)} ? {written(text)}" for value, text in texts.items())
    return " : ".join([*named, "''"])
