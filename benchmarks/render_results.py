#!/usr/bin/env python3
"""Writes the benchmark's results into docs/performance.md, and draws docs/performance.svg; nothing is measured again.

    render_results.py [target/benchmark/results.json]

The page's text between the two marks is replaced; the rest is written by hand and kept.
"""

import json
import sys
from pathlib import Path

import altair
from floor import FLOOR_SQL

from immunization_coverage.project import ROOT

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"
BEGIN, END = "<!-- results: written by benchmarks/render_results.py -->", "<!-- end of results -->"

PHASES = {
    "start": "start (Python, dbt's reading of what it has parsed, its hooks)",
    "seeds": "rules, checks (seeds)",
    "rules": "rules of the year",
    "read": "read (`staging/base`)",
    "staging": "staging",
    "quality": "findings in the extracts",
    "students": "students",
    "doses": "doses",
    "antigens": "series of valid doses",
    "exemptions": "exemptions",
    "status": "status of students",
    "next doses": "next doses",
    "indicators": "indicators beyond the annex",
    "intermediate": "measures, geographies",
    "release": "released counts",
    "other": "other",
    "assessment": "schema `assessment`",
    "marts": "schema `marts`",
    "schools": "schema `schools`",
    "published": "schema `published`",
    "tests": "data tests",
    "between": "between (no node runs)",
    "end": "end",
}
ABOUT_PEERS = """\
Hand-written programs that give the same results, in every row, from the same extracts. *Counts only*: six marts of
counts. *Every row*: also the person-level tables: every student, every antigen and exemption of each, every dose on
every schedule with its verdict and reason. At both scopes the peers check nothing and report no findings. Below 1, the
peer was faster."""
# The peers' names of a scope in the results and on the page, and the build's seconds for the same tables.
SCOPES = {
    "peers": ("counts only", "seconds_for_peers_measures"),
    "peers_rows": ("every row", "seconds_for_peers_rows"),
}
SERIES = {
    "build": "dbt build with tests",
    "floor": "floor",
    "pandas": "pandas, counts only",
    "polars": "polars, counts only",
    "pandas, every row": "pandas, every row",
    "polars, every row": "polars, every row",
}
COLORS = {
    "build": "#0b5394",
    "floor": "#7f7f7f",
    "pandas": "#e69138",
    "polars": "#6aa84f",
    "pandas, every row": "#b45f06",
    "polars, every row": "#38761d",
}


def gigabytes(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e7 else f"{count / 1e6:.1f} MB"


def seconds(count: float) -> str:
    return f"{count:.0f} s" if count >= 100 else f"{count:.1f} s"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def size_name(result: dict) -> str:
    return f"{result['students']:,}".replace(",", " ")


def costs(results: list[dict]) -> str:
    rows = []
    last = ["`make build`"] if any(result["published"] for result in results) else []
    for result in results:
        build, floors = result["build"], [floor["seconds"] for floor in result["floors"]]
        rows.append([
            size_name(result),
            f"{result['extract_rows']['immunizations'] / 1e6:.2f} million",
            f"{seconds(result['floor_seconds'])} ({min(floors):.1f}–{max(floors):.1f})",
            f"**{seconds(build['seconds'])}**",
            f"**{build['seconds'] / result['floor_seconds']:.1f}**",
            seconds(build["seconds_without_tests"]),
            gigabytes(build["memory_bytes"]),
            gigabytes(max(floor["memory_bytes"] for floor in result["floors"])),
            gigabytes(build["temporary_bytes"]) if build["temporary_bytes"] else "none",
            gigabytes(build["warehouse_bytes"]),
            *[seconds(result["published"]["seconds"]) if result["published"] else "" for _ in last],
        ])
    return table(
        [
            "students", "dose records", "floor (least–most)", "`dbt build`", "build ÷ floor", "build without tests",
            "memory, build", "memory, floor", "temporary disk", "warehouse", *last,
        ],
        rows,
    )


def growth(results: list[dict]) -> str:
    sentences = []
    for smaller, larger in zip(results, results[1:], strict=False):
        times = larger["students"] / smaller["students"]
        cost = larger["build"]["seconds"] / smaller["build"]["seconds"]
        sentences.append(
            f"{size_name(larger)} students cost {cost:.1f} times what {size_name(smaller)} cost, "
            f"{cost / times:.2f} of what {times:.0f} times the students predict."
        )
    reading = max(result["build"]["seconds_of_reading_the_project"] for result in results)
    sentences.append(f"dbt had read the project before each build; the first time (`dbt parse`) takes {reading:.0f} s.")
    return " ".join(sentences)


def peers(results: list[dict]) -> str:
    rows = []
    for result in results:
        build = result["build"]
        for scope, (name_of_scope, same_tables) in SCOPES.items():
            found = result.get(scope)
            if not found:
                continue
            costs_of_build = [build[name] for name in ("seconds", "seconds_without_tests", same_tables)]
            first = [size_name(result), name_of_scope]
            for name, peer in found.items():
                if "failed" in peer:
                    rows.append([*first, name, peer["failed"], "", "", "", ""])
                    continue
                ratios = [f"{peer['seconds'] / cost:.2f}" for cost in costs_of_build]
                rows.append([*first, name, seconds(peer["seconds"]), gigabytes(peer["memory_bytes"]), *ratios])
            memory = gigabytes(build["memory_bytes"])
            rows.append([*first, "(the build itself)", "", memory, *map(seconds, costs_of_build)])
    return table(
        [
            "students", "scope", "peer", "time", "memory", "peer ÷ build with tests", "peer ÷ build without tests",
            "peer ÷ the models of the same tables",
        ],
        rows,
    )


def daily(found: dict) -> str:
    """Whole builds of the demonstration, one after the other, in one sentence."""
    builds = "; ".join(f"{name} {seconds(cost['seconds'])}" for name, cost in found["builds"].items())
    machine = found["environment"]
    return (
        f"`make build` on the demonstration (6,000 students), from Enter to published, in an environment that has been "
        f"used: {builds} ({machine['date']}, `{machine['commit']}`)."
    )


def phases(results: list[dict]) -> str:
    found = {phase for result in results for phase in result["build"]["phases"]}
    rows = []
    for phase in [*(phase for phase in PHASES if phase in found), *sorted(found - set(PHASES))]:
        row = [PHASES.get(phase, phase)]
        for result in results:
            took = result["build"]["phases"].get(phase)
            row.append("" if took is None else f"{took['wall_seconds']:.1f} ({took['summed_seconds']:.1f})")
        rows.append(row)
    rows.append(["**all**", *(f"**{result['build']['seconds']:.1f}**" for result in results)])
    return table(["seconds of wall time (of the nodes together)", *(size_name(result) for result in results)], rows)


def rows_written(results: list[dict]) -> str:
    schemas = sorted({schema for result in results for schema in result["build"]["rows"]})
    rows = [
        [f"`{schema}`", *(f"{sum(result['build']['rows'].get(schema, {}).values()):,}" for result in results)]
        for schema in schemas
    ]
    return table(["rows in the tables of schema", *(size_name(result) for result in results)], rows)


def environments(results: list[dict]) -> str:
    rows = []
    for result in results:
        machine = result["environment"]
        versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
        limits = ", ".join(f"{name} {value}" for name, value in machine["duckdb_settings"].items())
        rows.append([
            size_name(result),
            machine["date"],
            f"`{machine['commit']}`",
            f"{machine['processor']}, {machine['cores']} cores, {gigabytes(machine['memory_bytes'])}, "
            f"{machine['operating_system']}; DuckDB's settings: {limits or 'its own'}",
            versions,
        ])
    return table(["students", "date", "commit", "machine", "versions"], rows)


def points(results: list[dict]) -> list[dict]:
    found = []
    for result in results:
        floor = {
            "seconds": result["floor_seconds"],
            "memory_bytes": max(floor["memory_bytes"] for floor in result["floors"]),
        }
        with_rows = {f"{name}, every row": peer for name, peer in result.get("peers_rows", {}).items()}
        measured = {"build": result["build"], "floor": floor, **result["peers"], **with_rows}
        found += [
            {
                "students": result["students"],
                "series": SERIES[name],
                "seconds": cost["seconds"],
                "gigabytes": cost["memory_bytes"] / 1e9,
            }
            for name, cost in measured.items()
            if "failed" not in cost
        ]
    return found


def with_label_places(found: list[dict], measure: str) -> list[dict]:
    """The last point of each series; a label is moved up if it would overlap the one below."""
    last = {point["series"]: point for point in found}.values()
    low, high = min(point[measure] for point in found), max(point[measure] for point in found)
    apart = (high / low) ** (1 / 18)
    placed, least = [], 0.0
    for point in sorted(last, key=lambda point: point[measure]):
        least = max(point[measure], least)
        placed.append(point | {"label_place": least})
        least *= apart
    return placed


def panel(results: list[dict], measure: str, title: str) -> altair.LayerChart:
    found, sizes = points(results), [result["students"] for result in results]
    room_for_labels = max(4, (sizes[-1] / sizes[0]) ** 0.6)
    colors = altair.Scale(domain=list(SERIES.values()), range=list(COLORS.values()))
    ticks = [number * 10**power for power in range(-2, 5) for number in (1, 2, 5)]
    x = altair.X(
        "students:Q",
        title="students",
        scale=altair.Scale(type="log", domain=[sizes[0] / 1.2, sizes[-1] * room_for_labels], nice=False),
        axis=altair.Axis(values=sizes, format="~s"),
    )
    y = altair.Y(
        f"{measure}:Q",
        title=title,
        scale=altair.Scale(type="log", nice=False, padding=12),
        axis=altair.Axis(values=ticks, format="~g"),
    )
    color = altair.Color("series:N", legend=None, scale=colors)
    costs = altair.Chart(altair.Data(values=found)).encode(x=x, y=y, color=color)
    labels = altair.Chart(altair.Data(values=with_label_places(found, measure))).encode(
        x=x, y=altair.Y("label_place:Q", scale=altair.Scale(type="log")), text="series:N", color=color
    )
    texts = labels.mark_text(align="left", dx=8, fontSize=11)
    return (costs.mark_line() + costs.mark_point(filled=True, size=45) + texts).properties(width=340, height=300)


def draw(results: list[dict]) -> altair.HConcatChart:
    chart = panel(results, "seconds", "wall time, seconds") | panel(results, "gigabytes", "memory at the peak, GB")
    return chart.configure_view(stroke=None).configure_axis(
        gridColor="#e3e3e3", labelFontSize=11, titleFontSize=11, titleFontWeight="normal"
    )


def page(results: list[dict], daily_builds: dict | None) -> str:
    floor_sql = "\n".join(f"{statement.format(folder='…', suffix='')};" for statement in FLOOR_SQL.values())
    parts = [
        BEGIN,
        costs(results),
        growth(results),
        daily(daily_builds) if daily_builds else "",
        "![Wall time and memory against the number of students, both axes logarithmic](performance.svg)",
        "The floor:",
        f"```sql\n{floor_sql}\n```",
        "## By phase",
        phases(results),
        "## Written",
        rows_written(results),
    ]
    if any(result["peers"] for result in results):
        parts += ["## Beside pandas and polars", ABOUT_PEERS, peers(results)]
    parts += ["## Measured on", environments(results), END]
    return "\n\n".join(part for part in parts if part)


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/benchmark/results.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    daily_builds = found.pop("daily", None)
    results = sorted(found.values(), key=lambda result: result["students"])
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + page(results, daily_builds) + rest.split(END)[1], encoding="utf-8")
    draw(results).save(PLOT)


if __name__ == "__main__":
    main()
