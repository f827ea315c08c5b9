"""The explorer: any measure by year, age, antigen and public health unit, read-only. `icw explore` starts it.

Reads the files that WAREHOUSES names (paths or folders, separated by blanks), or WAREHOUSE_PATH, or warehouse.duckdb.
It keeps no file open: the marts are read as a whole, and read again after a build has published another file.

SCHOOLS=1 adds coverage by school, for users who may see schools. EXPLAIN=1 adds a page that explains one student's
verdicts, as `icw explain` does, and lists overdue students; only this page reads person-level tables. Both are off by
default, and cannot be combined with RELEASE.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import altair
import streamlit as st
from markupsafe import Markup, escape
from streamlit.delta_generator import DeltaGenerator

from immunization_coverage.explain.student import explanations, why_no_students
from immunization_coverage.explorer.chooser import listen
from immunization_coverage.explorer.pictures import FORMATS, Chart, dots_chart, drawn, tiles_chart
from immunization_coverage.explorer.trend import (
    PEER_COLOURS,
    PROVINCE_COLOUR,
    UNIT_COLOUR,
    Series,
    TrendChart,
    trend_chart,
)
from immunization_coverage.report.boundaries import Boundaries, read_boundaries
from immunization_coverage.report.change import bar_table, change_notes, parts_data, sentence
from immunization_coverage.report.document import TEMPLATES, font_faces, notice, templates
from immunization_coverage.report.errors import BoundariesError, ReportError, WarehouseError
from immunization_coverage.report.figures import (
    DataTable,
    DotTable,
    area_map,
    category_legend,
    category_of,
    cell,
    data_table,
    dot_table,
    few,
    notes,
    ranked,
    shades,
    tile_map,
    tile_notes,
)
from immunization_coverage.report.language import LANGUAGES, Language, first_upper, rounded
from immunization_coverage.report.leads import lead
from immunization_coverage.report.measures import COVERAGE, MEASURES
from immunization_coverage.report.sections import unit_title
from immunization_coverage.report.trends import Point, cohort, series
from immunization_coverage.report.warehouse import Warehouse, has_value, only, select
from immunization_coverage.report.year_before import changes
from immunization_coverage.warehouse import open_warehouse, records_of, warehouse_path
from immunization_coverage.years import BuiltYear

# What SCHOOLS and EXPLAIN show of schools and their students; `?` are the choices.
SCHOOL_QUERIES = {
    "coverage": """
        select * from schools.coverage
        where school_year = ? and definitions = school_year and phu_id = ? and age = ? and antigen = ?
        order by is_withheld, coverage_percent desc, school_name, school_id
    """,
    "zero_dose": """
        select * from schools.zero_dose
        where school_year = ? and definitions = school_year and phu_id = ? and age = ?
        order by is_withheld, without_dtp_percent desc, school_name, school_id
    """,
    "overdue_schools": """
        select school_id, school_name, count(*) as students from assessment.ispa_overdue_students
        where school_year = ? and phu_id = ? group by all order by school_name, school_id
    """,
    "overdue": """
        select *, as_of = (select max(assessment_date) from intermediate.int_school_year) as is_end_of_school_year
        from assessment.ispa_overdue_students
        where school_year = ? and phu_id = ? and school_id = coalesce(?, school_id)
        order by school_name, school_id, client_id
    """,
    "reasons": """
        select school_name, status, refusal_reason, students from assessment.school_not_up_to_date_reasons
        where school_year = ? and phu_id = ? and age = ? and antigen = ?
            and school_id = coalesce(?, school_id) and status <> 'up_to_date'
        order by school_name, school_id, status, refusal_reason
    """,
}
# Students on one page; more are listed by school.
LISTED = 300
PEERS = 5
# The tables of the view beyond coverage, in its order, with the columns that it shows.
INDICATOR_COLUMNS = {
    "dose_coverage": [
        "dose_number", "students", "students_recorded", "crude_percent", "students_valid", "valid_percent",
        "students_eligible", "students_dropped_out", "dropout_percent", "students_eligible_from_first",
        "students_dropped_out_from_first", "dropout_from_first_percent",
    ],
    "timeliness": [
        "schedule", "dose_number", "recommended_at", "students", "students_early", "students_timely", "students_late",
        "students_without_dose", "timely_percent", "by_recommended_age_percent",
    ],
    "missed_visits": [
        "visits_eligible", "visits_missed", "visits_missed_percent", "students_with_eligible_visit", "students_missed",
        "students_missed_percent", "students_corrected", "students_uncorrected", "corrected_percent",
        "uncorrected_percent",
    ],
    "near_misses": ["days_short", "doses"],
    "exemptions_by_status": ["exemption", "is_up_to_date", "students", "students_percent"],
    "reporting": ["channel", "is_of_school_year", "delay", "doses", "doses_percent"],
}
# Those of the view of what health units ask for.
HEALTH_UNIT_COLUMNS = {
    "zero_dose": [
        "students", "students_without_dtp", "without_dtp_percent", "students_without_dose", "without_dose_percent",
    ],
    "coverage_by_birthday": ["birthday", "doses_asked", "students", "students_up_to_date", "coverage_percent"],
    "doses_needed": [
        "students", "students_needing_1", "students_needing_2", "students_needing_3_or_more", "needing_1_percent",
        "needing_2_percent", "needing_3_or_more_percent", "is_product_offered",
    ],
    "invalid_doses": ["year_given", "reason", "doses", "doses_refused", "refused_percent"],
}  # fmt: skip
INDICATOR_KEYS = (
    "schedule", "dose_number", "days_short", "exemption", "is_up_to_date", "channel", "is_of_school_year", "delay",
    "birthday", "year_given", "reason",
)  # fmt: skip
CODED_COLUMNS = (
    "exemption", "is_up_to_date", "channel", "is_of_school_year", "delay", "schedule", "reason", "is_product_offered",
)  # fmt: skip
PROVINCE = "ON"


def files() -> list[Path]:
    named = os.environ.get("WAREHOUSES")
    if not named:
        return [warehouse_path()]
    # On Windows a backslash is no escape, and quotation marks are kept.
    names = shlex.split(named) if os.name != "nt" else [name.strip("'\"") for name in shlex.split(named, posix=False)]
    paths = [Path(name) for name in names]
    return [file for path in paths for file in (sorted(path.glob("*.duckdb")) if path.is_dir() else [path])]


@st.cache_resource(show_spinner=False)
def kept() -> dict[tuple[str, bool], tuple[int, list[Warehouse]]]:
    """By file, when it was published and its school years; only the latest build of a file is kept."""
    return {}


def read(path: Path, release: bool) -> list[Warehouse]:
    """The school years of a file, read again if a build was published since, or while it was read."""
    key = (str(path), release)
    while (published := path.stat().st_mtime_ns) != kept().get(key, (None,))[0]:
        last = Warehouse(path, release)
        years = [year.read_all() for year in (*last.years(), *last.what_ifs())]
        kept()[key] = published, years
        if path.stat().st_mtime_ns == published:
            break
    return kept()[key][1]


@st.cache_resource(show_spinner=False)
def language_of(code: str) -> Language:
    return Language(code)


@st.cache_resource(show_spinner=False)
def drawings() -> Any:
    return templates().get_template("figures.html").module


@st.cache_resource(show_spinner=False)
def style() -> str:
    sheets = [TEMPLATES / f"{name}.css" for name in ("figures", "explorer")]
    return font_faces() + "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


@st.cache_resource(show_spinner=False)
def boundaries_of(path: str, changed: int, build_id: str, _phus: list[dict]) -> Boundaries:
    return read_boundaries(path, _phus)


def warehouses() -> dict[BuiltYear, Warehouse]:
    """By school year and definitions; of two files of one year, the later build. Raises WarehouseError without any."""
    release = os.environ.get("RELEASE", "") not in ("", "0")
    found: dict[BuiltYear, Warehouse] = {}
    for path in files():
        if not path.is_file():
            raise WarehouseError("no_warehouse", path=path)
        for warehouse in read(path, release):
            other = found.get(warehouse.year)
            if other is None or other.build.built_at < warehouse.build.built_at:
                found[warehouse.year] = warehouse
    if not found:
        raise WarehouseError("warehouses_empty")
    return dict(sorted(found.items()))


class Page:
    """What a reader has chosen, and the pieces of the page that show it."""

    def __init__(self) -> None:
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        with right:
            code = self.choose("language", "Language / Langue", list(LANGUAGES), lambda c: language_of(c)("language"))
        self.language = language_of(code)
        with left:
            self.draw(f"<h1>{escape(self.language('explorer.title'))}</h1>")

    def choose_measure(self, warehouses: dict[BuiltYear, Warehouse]) -> None:
        """Offers the school years, measures, ages, antigens and public health units, and reads the rows chosen."""
        t = self.language
        # Trends are of years as they are reported.
        self.years = {year.school_year: found for year, found in warehouses.items() if year.is_as_reported}
        what_ifs = {str(year): found for year, found in warehouses.items() if not year.is_as_reported}
        boxes = st.container(key="choices").columns([1, 2, 1, 2, 2])
        with boxes[0]:
            found = dict(reversed(self.years.items())) | what_ifs
            year = self.choose("year", t("explorer.school_year"), list(found), lambda year: t.year(found[year].year))
        self.warehouse = warehouse = found[year]
        with boxes[1]:
            by_key = {m.key: m for m in MEASURES if m.ages(warehouse)}
            key = self.choose("measure", t("explorer.measure"), list(by_key), lambda k: t(f"explorer.measures.{k}"))
        self.measure = by_key[key]
        with boxes[2]:
            ages = self.measure.ages(warehouse)
            self.age = self.choose("age", t("explorer.age"), ages, lambda age: t("age", age=age), lead("units")[1])
        with boxes[3]:
            antigens = self.measure.antigens(warehouse, self.age)
            self.antigen = None
            if antigens != [None]:
                named = sorted(antigens, key=t.antigen)
                self.antigen = self.choose("antigen", t("explorer.antigen"), named, t.antigen, lead("units")[0])
        with boxes[4]:
            units = {phu["phu_id"]: phu for phu in sorted(warehouse.phus, key=t.phu)}
            unit = self.choose(
                "unit",
                t("explorer.unit"),
                [PROVINCE, *units],
                lambda phu_id: t("explorer.all") if phu_id == PROVINCE else t.phu(units[phu_id]),
            )
        self.phu_id = None if unit == PROVINCE else unit
        # Schools and students are of the years as they are reported, and in no release.
        self.has_persons = warehouse.year.is_as_reported and not warehouse.release
        self.rows = self.rows_of(warehouse)
        self.row = only(self.rows, phu_id=self.phu_id)

    def choose(
        self, key: str, label: str, options: list, shown: Callable[[Any], str], default: object = None
    ) -> Any:
        """A select box that keeps its choice while it is one of the options; the page's address has the choice too."""
        if st.session_state.get(key) not in options:
            addressed = {str(option): option for option in options}.get(st.query_params.get(key))
            fallback = default if default in options else options[0]
            st.session_state[key] = fallback if addressed is None else addressed
        chosen = st.selectbox(label, options, format_func=shown, key=key)
        st.query_params[key] = str(chosen)
        return chosen

    def draw(self, html: str) -> None:
        st.html(f'<div class="explorer" lang="{self.language.code}">{html}</div>')

    def heading(self, text: str, level: int = 2) -> None:
        self.draw(f"<h{level}>{escape(first_upper(text))}</h{level}>")

    def rows_of(self, warehouse: Warehouse) -> list[dict]:
        return ranked(self.language, self.measure.rows(warehouse, self.age, self.antigen), self.measure.percent)

    @property
    def where(self) -> str:
        return self.language.phu(self.row, "name")

    @property
    def subject(self) -> str:
        t = self.language
        names = {"measure": t(f"explorer.measures.{self.measure.key}"), "age": self.age}
        if self.antigen is None:
            return t("explorer.subject_all", **names)
        return t("explorer.subject", antigen=t.antigen(self.antigen, "plain"), **names)

    @property
    def topic(self) -> str:
        """The chosen unit, antigen and age, of tables that have several measures."""
        t = self.language
        antigen = t("explorer.every_antigen") if self.antigen is None else t.antigen(self.antigen, "plain")
        return t("explorer.topic", where=self.where, antigen=antigen, age=self.age)

    def headline(self) -> str:
        t, row, measure = self.language, self.row, self.measure
        of = ""
        if has_value(row, measure.percent):
            of = t("explorer.of_students", count=t.number(row[measure.count]), total=t.number(row["students"]))
        value = cell(t, row, measure.percent)
        return t("explorer.headline", where=self.where + few(t, row), value=value, subject=self.subject, of=of)

    def goal(self) -> str:
        """How far the value is from the national goal, and a unit's from the province's, between numbers as printed."""
        t, row, percent = self.language, self.row, self.measure.percent
        if not has_value(row, percent):
            return ""
        said = []
        if self.measure is COVERAGE and row["goal_percent"] is not None:
            said.append(self.gap("goal", row["goal_percent"], t.goal(row["goal_percent"])))
        province = only(self.rows, phu_id=None)
        if self.phu_id is not None and has_value(province, percent):
            said.append(self.gap("province", float(rounded(province[percent], 1)), t.percent(province[percent])))
        return " ".join(said)

    def gap(self, kind: str, other: float, shown: str) -> str:
        points = float(rounded(self.row[self.measure.percent], 1)) - other
        side = "above" if points > 0 else "below" if points < 0 else "equal"
        distance = rounded(abs(points), 1)
        return self.language(
            f"explorer.gaps.{kind}_{side}", count=distance, other=shown, points=self.language.number(distance, 1)
        )

    def rank(self) -> str:
        """The chosen unit's rank; equal percents share it."""
        t, percent = self.language, self.measure.percent
        if self.phu_id is None or not has_value(self.row, percent):
            return ""
        values = [row[percent] for row in self.rows if row["phu_id"] is not None and has_value(row, percent)]
        own = self.row[percent]
        texts = {"rank": t.number(1 + sum(v > own for v in values)), "total": t.number(len(values))}
        is_part = any(percent in row["withheld"] for row in self.rows if row["phu_id"] is not None)
        key = "explorer.rank_released" if is_part else "explorer.rank"
        shared = values.count(own)
        if shared == 1:
            return t(key, **texts)
        return t(f"{key}_shared", shared=t.number(shared), **texts)

    def dots(self, rows: list[dict], label: str, choices: str) -> DotTable:
        """The rows' percents on one scale, the chosen unit marked; a row can be chosen, in the group `choices`."""
        coverage = self.measure is COVERAGE
        return dot_table(
            self.language,
            rows,
            label=label,
            heading=self.language("public_health_unit"),
            columns=[(self.measure.percent, "completed", self.language("explorer.percent"))],
            name=self.language.phu,
            title=unit_title(self.language),
            goal=lambda row: row["goal_percent"] if coverage else None,
            kind=lambda row, kind: category_of(row) if coverage else kind,
            ceiling=100 if self.measure.more_is_better else None,
            chosen=lambda row: self.phu_id is not None and row["phu_id"] == self.phu_id,
            choice=lambda row: row["phu_id"] or PROVINCE,
            choices=choices,
            current=self.phu_id or PROVINCE,
        )

    def notes(self, rows: list[dict], more: list[str] | None = None) -> str:
        texts = [*(more or []), *notes(self.language, rows)]
        return "".join(f'<p class="note">{escape(text)}</p>' for text in texts)

    # The four views

    def show_map(self) -> None:
        t, rows = self.language, self.rows
        if self.measure is COVERAGE:
            category: Callable[[dict], str] = category_of
            legend = category_legend(self.warehouse, t, self.antigen, self.age, rows)
        else:
            category, legend = shades(t, self.measure, rows)
        label = t("explorer.tiles", subject=self.subject)
        shown = ""
        said: list[str] = []
        if boundaries := self.boundaries():
            areas, said = area_map(self.warehouse, t, rows, boundaries, label, self.measure, category)
            image = standalone(str(drawings().areas(areas, False)))
            shown = f"<h3>{escape(t('units.boundaries_title'))}</h3>" + f'<img alt="{escape(label)}" src="{image}">'
        tiles = tile_map(t, rows, label, self.measure, category)
        said = [*tile_notes(t, tiles), *said]
        units = {phu["phu_id"]: t.phu(phu) for phu in self.warehouse.phus}
        key = drawings().tile_key(sorted((tile.phu_id, units[tile.phu_id]) for tile in tiles.tiles))
        left, right = st.columns(2, gap="large")
        with left:
            shown += f"<h3>{escape(t('units.tiles_title'))}</h3>{drawings().tile_grid(tiles, self.phu_id)}"
            shown += f"{drawings().legend(legend)}<h3>{escape(t('explorer.codes'))}</h3>{key}"
            self.draw(f'<div class="maps-of-explorer">{shown}{self.notes([], said)}</div>')
            self.download_figure("map", lambda: tiles_chart(tiles, legend), self.subject, self.data_of(rows))
        with right:
            ranking = self.dots(rows, self.subject, "ranking")
            shown = f"<h3>{escape(t('units.ranking_title'))}</h3><p class=\"note\">{escape(t('explorer.choose'))}</p>"
            self.draw(f'<div class="ranking">{shown}{drawings().dots(ranking)}{self.notes(rows)}</div>')
            self.download_figure("ranking", lambda: dots_chart(ranking), self.subject, self.data_of(rows))

    def boundaries(self) -> Boundaries | None:
        named = os.environ.get("PHU_BOUNDARIES")
        if not named:
            return None
        try:
            changed = Path(named).stat().st_mtime_ns if Path(named).is_file() else 0
            return boundaries_of(named, changed, self.warehouse.build.build_id, self.warehouse.phus)
        except BoundariesError as error:
            st.warning(error.sentence(self.language))
            return None

    def show_comparison(self) -> None:
        t, rows = self.language, self.rows
        province = only(rows, phu_id=None)
        if self.phu_id is not None:
            peers = self.choose_peers("peers")
            chosen = [row for row in rows if row["phu_id"] in (None, self.phu_id, *peers)]
            self.heading(t("explorer.compare_title", where=self.where))
            table = self.dots(chosen, self.subject, "compared")
            self.draw(f"{drawings().dots(table)}{self.notes(chosen)}")
            self.download_figure("compare", lambda: dots_chart(table), self.subject, self.data_of(chosen))
        self.show_profile(province)

    def choose_peers(self, key: str) -> list[str]:
        """Public health units beside the chosen one, at first those of its size; beside the province, none at first."""
        t = self.language
        units = {row["phu_id"]: row for row in self.rows if row["phu_id"] not in (None, self.phu_id)}
        # Where the unit's own number of students is withheld, the smallest units stand beside it.
        size = self.row["students"] or 0
        told = [row for row in units.values() if row["students"] is not None]
        nearest = sorted(told, key=lambda row: (abs(row["students"] - size), row["phu_id"]))
        return st.multiselect(
            t("explorer.peers"),
            sorted(units, key=lambda phu_id: t.phu(units[phu_id])),
            default=[] if self.phu_id is None else [row["phu_id"] for row in nearest[:PEERS]],
            format_func=lambda phu_id: t.phu(units[phu_id]),
            help=t("explorer.peers_help" if len(told) == len(units) else "explorer.peers_help_released"),
            key=f"{key}-{self.phu_id}-{self.age}",
        )

    def show_profile(self, province: dict) -> None:
        """Every antigen of the age, the unit beside the province."""
        t = self.language
        coverage = select(self.warehouse.coverage, age=self.age)
        own = {row["antigen"]: row for row in select(coverage, phu_id=self.phu_id)}
        pairs = []
        for row in select(coverage, phu_id=None):
            unit = own[row["antigen"]]
            withheld = {"unit"} if unit["withheld"] else set()
            withheld |= {"whole"} if row["withheld"] else set()
            values = {"unit": unit["coverage_percent"], "whole": row["coverage_percent"]}
            pairs.append(unit | values | {"withheld": frozenset(withheld)})
        pairs = sorted(pairs, key=lambda row: -(row["whole"] or 0))
        at = t("at_age", age=self.age)
        title = t("explorer.profile_title_province", age=at)
        columns = [("whole", "initiated", t("explorer.mark_province"))]
        if self.phu_id is not None:
            title = t("explorer.profile_title", where=self.where, age=at)
            columns = [("unit", "completed", t("explorer.mark_unit")), *columns]
        table = dot_table(
            t,
            pairs,
            label=title,
            heading=t("explorer.antigen"),
            columns=columns,
            name=lambda row: t.antigen(row["antigen"]),
            goal=lambda row: row["goal_percent"],
            legend=[(kind, text) for _, kind, text in columns] + [("goal", t("coverage.mark_goal"))],
            has_line=True,
        )
        self.heading(title)
        self.draw(str(drawings().dots(table)) + self.notes(pairs))
        rows = [row for row in coverage if row["phu_id"] in (None, self.phu_id)]
        shown = ["school_year", "phu_name", "age", "antigen", "students", "students_up_to_date", "coverage_percent"]
        self.download_figure("profile", lambda: dots_chart(table), title, data_table(t, "profile", rows, shown))

    def show_trend(self) -> None:
        t, measure = self.language, self.measure
        if len(self.years) < 2:
            st.info(t("explorer.trend_none"))
            return
        years = list(self.years.values())
        peers = self.choose_peers("trend-peers")
        phu_ids = list(dict.fromkeys([None, self.phu_id, *peers]))
        ceiling = 100 if measure.more_is_better else None
        found = series(years, measure, self.age, self.antigen, phu_ids)
        title = t("explorer.trend_title", subject=self.subject, where=self.where)
        self.draw_trend(title, trend_chart(t, self.lines_of(found), ceiling), "trend")
        if self.antigen is None:
            return
        if measure is COVERAGE:
            self.show_change(phu_ids)
        born = self.warehouse.first_year - self.age
        of_cohort = cohort(years, measure, born, self.antigen, phu_ids)
        if sum(point.has_value for point in of_cohort[None]) < 2:
            return
        names = {"measure": t(f"explorer.measures.{measure.key}"), "antigen": t.antigen(self.antigen, "plain")}
        title = t("explorer.cohort_title", born=born, where=self.where, **names)
        self.draw_trend(title, trend_chart(t, self.lines_of(of_cohort), ceiling, by_age=True), "cohort")

    def show_change(self, phu_ids: list[str | None]) -> None:
        """Why the chosen unit's coverage moved since the year before, beside the province and its peers."""
        t = self.language
        rows = select(self.warehouse.coverage_change, age=self.age, antigen=self.antigen)
        ordered = [row for phu_id in phu_ids for row in select(rows, phu_id=phu_id)]
        if not ordered:
            return
        title = t("change.title", antigen=t.antigen(self.antigen, "of"), age=t("at_age", age=self.age))
        self.heading(title)
        own = [sentence(t, row) for row in select(ordered, phu_id=self.phu_id)]
        table = bar_table(t, [(t.phu(row), row) for row in ordered], title, t("public_health_unit"))
        self.draw("".join(f"<p>{escape(text)}.</p>" for text in own) + str(drawings().bars(table)))
        self.draw(self.notes([], change_notes(t, ordered)))
        data = parts_data(t, f"change-{self.antigen}-{self.age}", ordered)
        self.draw(html_table(data.headings, data.rows))
        self.download(self.file_name("change"), data.csv)

    def lines_of(self, found: dict[str | None, list[Point]]) -> list[Series]:
        """The province, the chosen unit and its peers, each with its colour; the peers' numbers are in the table."""
        units = {phu["phu_id"]: phu for phu in self.warehouse.phus}
        peers = [phu_id for phu_id in found if phu_id not in (None, self.phu_id)]
        colours = dict(zip(peers, cycle(PEER_COLOURS), strict=False))
        colours |= {self.phu_id: UNIT_COLOUR, None: PROVINCE_COLOUR}
        unknown = {"phu_id": None, "phu_name": None}
        return [
            Series(units.get(phu_id, unknown), colours[phu_id], points, phu_id not in peers)
            for phu_id, points in found.items()
        ]

    def draw_trend(self, title: str, trend: TrendChart, name: str) -> None:
        t, measure = self.language, self.measure
        self.heading(title)
        self.draw(str(drawings().line_legend(trend.legend)))
        self.draw_chart(trend.chart, title)
        self.draw(str(drawings().breaks(trend.breaks, t("over_years.breaks.heading"))))
        said = [t("explorer.added_up_note", unit=t.phu(unit, "name")) for unit in trend.merged]
        self.draw(self.notes(trend.rows, said))
        ages = ["age"] if name == "cohort" else []
        columns = ["school_year", *ages, "phu_name", "students", measure.count, measure.percent]
        table = data_table(t, name, trend.rows, columns)
        self.draw(html_table(table.headings, table.rows))
        self.download_figure(name, lambda: trend.picture, title, table)

    def show_rules(self) -> None:
        t, warehouse = self.language, self.warehouse
        self.heading(t("explorer.rules_title", subject=self.subject))
        parts = [
            (t("explorer.numerator"), t(f"explorer.numerators.{self.measure.key}")),
            (t("explorer.denominator"), t("explorer.denominators")),
        ]
        described = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in parts)
        self.draw(f"<dl>{described}</dl><p>{escape(changes(warehouse, t))}</p>")
        for antigen in [self.antigen] if self.antigen else self.ispa_antigens():
            rules = [
                rule
                for rule in select(warehouse.antigen_definitions, antigen=antigen)
                if rule["age"] in (None, self.age) and rule.get("change") != "ended"
            ]
            order = list(t.entries("methods.parameters"))
            rules.sort(key=lambda rule: (order.index(rule["parameter"]), rule["rule_id"]))
            with st.expander(t.antigen(antigen), expanded=self.antigen is not None):
                lines = [
                    [rule["rule_id"], t(f"methods.parameters.{rule['parameter']}"), t.rule(rule["definition"]),
                     Markup('<span lang="en">{}</span>').format(rule["annex_text"])]
                    for rule in rules
                ]  # fmt: skip
                headings = [t("methods.rule"), t("explorer.definition"), t("methods.applied"), t("methods.annex")]
                self.draw(html_table(headings, lines))
        self.heading(t("explorer.data_title"))
        table = self.data_of(self.rows)
        self.download(self.file_name(), table.csv)
        self.draw(html_table(table.headings, table.rows))

    def show_indicators(self) -> None:
        """The indicators beyond coverage of the measure's antigen and age, in the chosen unit."""
        indicators = self.warehouse.indicators
        self.show_indicator_tables(INDICATOR_COLUMNS)
        if self.antigen is not None:
            self.show_curves(select(indicators["coverage_by_age_in_months"], age=self.age, antigen=self.antigen))

    def show_health_unit(self) -> None:
        """The tables that health units ask for, each with a note on what it does not measure."""
        self.show_indicator_tables(HEALTH_UNIT_COLUMNS, "health_unit_notes")

    def show_indicator_tables(self, tables: dict[str, list[str]], notes_key: str = "") -> None:
        """Tables of the measure's antigen and age in the chosen unit; `notes_key` has a sentence for each."""
        t = self.language
        self.heading(self.topic)
        self.draw(f'<p class="note">{escape(t("explorer.indicators_note"))}</p>')
        for name, columns in tables.items():
            rows = select(self.warehouse.indicators.get(name, []), age=self.age, phu_id=self.phu_id)
            if rows and "antigen" in rows[0]:
                rows = select(rows, antigen=self.antigen)
            if not rows:
                continue
            # In the order in which the texts list the values.
            order = {value: place for place, value in enumerate(t.entries("explorer.values"))}
            keys = [column for column in columns if column in INDICATOR_KEYS]
            rows = sorted_by(rows, keys, order)
            self.heading(t(f"explorer.indicators.{name}"), 3)
            if notes_key:
                self.draw(f'<p class="note">{escape(t(f"explorer.{notes_key}.{name}"))}</p>')
            texts = {column: text_of_value(t, column) for column in CODED_COLUMNS}
            texts["year_given"] = lambda row: str(row["year_given"])
            texts["recommended_at"] = lambda row: t.rule(row["recommended_at"])
            table = data_table(t, name, rows, columns, texts)
            self.draw(html_table(table.headings, table.rows))
            self.download(self.file_name(name), table.csv)

    def show_curves(self, rows: list[dict]) -> None:
        t = self.language
        if not rows:
            return
        title = t("explorer.curves_title", antigen=t.antigen(self.antigen, "plain"), age=self.age)
        self.heading(title, 3)
        given = {(row["schedule"], row["dose_number"]) for row in rows if row["coverage_percent"]}
        lines = [
            {
                "month": row["age_in_months"],
                "percent": row["coverage_percent"],
                "line": t("explorer.curve", schedule=t(f"explorer.values.{row['schedule']}"), dose=row["dose_number"]),
            }
            for row in rows
            if (row["schedule"], row["dose_number"]) in given
        ]
        months = max(row["age_in_months"] for row in rows)
        chart = altair.Chart(altair.Data(values=lines)).mark_line(interpolate="step-after")
        chart = chart.encode(
            x=altair.X(
                "month:Q",
                title=t("table.age_in_months"),
                scale=altair.Scale(domain=[0, months], nice=False),
                axis=altair.Axis(values=list(range(0, months + 1, 12))),
            ),
            y=altair.Y("percent:Q", title=None, scale=altair.Scale(domain=[0, 100])),
            color=altair.Color("line:N", title=None, legend=altair.Legend(orient="top", columns=3, labelLimit=400)),
        )
        self.draw_chart(chart, title)
        columns = ["school_year", "age", "antigen", "schedule", "dose_number", "age_in_months", "coverage_percent"]
        texts = {"schedule": text_of_value(t, "schedule")}
        self.download_figure("curves", lambda: chart, title, data_table(t, "curves", rows, columns, texts))

    def draw_chart(self, chart: altair.Chart | altair.LayerChart, description: str) -> None:
        """A chart with the language's number format on its axes."""
        number = {"decimal": ",", "thousands": "\u00a0", "grouping": [3], "currency": ["", ""]}
        locale = {"locale": {"number": number}} if self.language.code == "fr" else {}
        st.altair_chart(chart.properties(height=320, description=description, config=locale), theme=None)

    def school_rows(self, name: str, *values: object) -> list[dict]:
        """Rows of schools or their students; the file is open only while they are read."""
        with open_warehouse(self.warehouse.path) as connection:
            found = records_of(connection, SCHOOL_QUERIES[name], [self.warehouse.school_year, *values])
        return [row | {"is_few": False, "withheld": frozenset()} for row in found]

    def show_schools(self) -> None:
        t = self.language
        if self.phu_id is None:
            st.info(t("explorer.schools_choose"))
            return
        if self.antigen is not None:
            self.show_school_coverage()
        rows = self.school_rows("zero_dose", self.phu_id, self.age)
        for row in rows:
            row["withheld"] = frozenset(
                percent for percent in ("without_dtp_percent", "without_dose_percent") if row[percent] is None
            )
        self.heading(t("explorer.schools_zero_dose_title", age=self.age, where=self.where))
        withheld = sum(row["is_withheld"] for row in rows)
        said = t("explorer.schools_note", withheld=t.number(withheld), total=t.number(len(rows)))
        self.draw(f'<p class="note">{escape(t("explorer.health_unit_notes.zero_dose"))} {escape(said)}</p>')
        columns = ["school_name", "school_type", *HEALTH_UNIT_COLUMNS["zero_dose"]]
        table = data_table(t, "schools-zero-dose", rows, columns)
        self.draw(html_table(table.headings, table.rows))
        self.download(self.file_name("schools-zero-dose"), table.csv)

    def show_school_coverage(self) -> None:
        t = self.language
        rows = self.school_rows("coverage", self.phu_id, self.age, self.antigen)
        for row in rows:
            row["withheld"] = frozenset({"coverage_percent"} if row["is_withheld"] else ())
        names = {"antigen": t.antigen(self.antigen, "plain"), "age": self.age, "where": self.where}
        self.heading(t("explorer.schools_title", **names))
        withheld = sum(row["is_withheld"] for row in rows)
        said = t("explorer.schools_note", withheld=t.number(withheld), total=t.number(len(rows)))
        self.draw(f'<p class="note">{escape(said)}</p>')
        columns = ["school_name", "school_type", "students", "students_up_to_date", "coverage_percent"]
        table = data_table(t, "schools", rows, columns)
        self.draw(html_table(table.headings, table.rows))
        self.download(self.file_name("schools"), table.csv)

    def show_overdue(self) -> None:
        """The ISPA list of the chosen unit, by school, and why students of its schools are not up to date."""
        t = self.language
        self.heading(t("explorer.overdue_title", where=self.where))
        if self.phu_id is None:
            st.info(t("explorer.overdue_choose"))
            return
        schools = {row["school_id"]: row for row in self.school_rows("overdue_schools", self.phu_id)}
        if not schools:
            st.info(t("explorer.overdue_none"))
            return
        total = sum(row["students"] for row in schools.values())

        def shown_as(school_id: str | None) -> str:
            if school_id is None:
                return t("explorer.overdue_all", count=t.number(total))
            school = schools[school_id]
            return f"{school['school_name'] or school_id} ({t.number(school['students'])})"

        everywhere = [None] if total <= LISTED else []
        chosen = st.selectbox(
            t("explorer.school"), [*everywhere, *schools], format_func=shown_as, key=f"school-{self.phu_id}"
        )
        rows = self.school_rows("overdue", self.phu_id, chosen)
        columns = ["school_name", "client_id", "date_of_birth", "age", "overdue_diseases", "due_agents", "due_later",
                   "diseases_without_agent"]  # fmt: skip
        as_of, is_end = rows[0]["as_of"], rows[0]["is_end_of_school_year"]
        said = t("explorer.overdue_end_of_year" if is_end else "explorer.overdue_as_of", day=t.date(as_of))
        self.draw(f'<p class="note">{escape(said)}</p>')
        listed = {
            column: lambda row, column=column: t.diseases(row[column]) or "–"
            for column in ("overdue_diseases", "diseases_without_agent")
        }
        table = data_table(t, "overdue", rows, columns, listed)
        self.draw(html_table(table.headings, table.rows))
        if self.antigen is None:
            return
        reasons = self.school_rows("reasons", self.phu_id, self.age, self.antigen, chosen)
        if reasons:
            names = {"antigen": t.antigen(self.antigen, "plain"), "age": self.age}
            self.heading(t("explorer.reasons_title", **names), 3)
            texts = {
                "status": lambda row: t(f"explorer.values.{row['status']}"),
                "refusal_reason": lambda row: t(f"explorer.values.{row['refusal_reason']}")
                if row["refusal_reason"]
                else "–",
            }
            table = data_table(t, "reasons", reasons, ["school_name", "status", "refusal_reason", "students"], texts)
            self.draw(html_table(table.headings, table.rows))

    def show_student(self) -> None:
        """One student's verdicts, and the lists that lead to students."""
        t = self.language
        st.warning(t("explorer.student_warning"))
        client_id = st.text_input(t("explorer.student_id"), key="client_id").strip()
        if not client_id:
            self.show_overdue()
            return
        with open_warehouse(self.warehouse.path) as connection:
            found = explanations(connection, [client_id])
            if not found:
                st.info(t("explorer.student_none"))
                found = why_no_students(connection, [client_id])
        st.code("\n".join(found[client_id]), language=None, wrap_lines=True)

    def ispa_antigens(self) -> list[str]:
        """The antigens of a measure of several: those designated under the ISPA, which have exemptions at the age."""
        applicable = select(self.warehouse.exemptions, age=self.age, geography="province")
        return sorted({row["antigen"] for row in applicable}, key=self.language.antigen)

    def data_of(self, rows: list[dict]) -> DataTable:
        """Rows of the measure as a table."""
        columns = ["school_year", "phu_name", "age", *(["antigen"] if self.antigen else []), "students"]
        columns += [self.measure.count, self.measure.percent]
        columns += ["goal_percent", "map_category"] if self.measure is COVERAGE else []
        return data_table(self.language, self.measure.key, rows, columns)

    def file_name(self, view: str = "") -> str:
        """What is chosen; `view` where the file is of one of several figures of it."""
        of_unit = self.phu_id if view else None
        parts = (view, self.measure.key, self.antigen, self.age, of_unit, self.warehouse.school_year)
        return "-".join(str(part) for part in parts if part)

    def download(self, name: str, text: str) -> None:
        self.offer(name, "csv", "text/csv", "\ufeff" + text)

    def download_figure(self, view: str, chart: Callable[[], Chart], title: str, data: DataTable) -> None:
        """A figure as SVG and PNG, drawn when it is asked for, and its numbers as CSV."""
        name = self.file_name(view)
        with st.container(horizontal=True, gap="small"):
            for form, mime in FORMATS.items():
                self.offer(name, form, mime, partial(self.picture, chart, title, form))
            self.download(name, data.csv)

    def picture(self, chart: Callable[[], Chart], title: str, form: str) -> bytes:
        return drawn(chart(), title, [*self.warnings, self.source], form)

    def offer(self, name: str, form: str, mime: str, content: str | Callable[[], bytes]) -> None:
        st.download_button(
            self.language("explorer.download", form=form.upper()),
            content,
            file_name=f"{name}.{form}",
            mime=mime,
            on_click="ignore",
            key=f"{name}.{form}",
            type="tertiary",
        )

    @property
    def warnings(self) -> list[str]:
        """What a reader has to know first: whether the numbers are released, and whether they are real."""
        said = [notice(self.warehouse, self.language)]
        return [*said, self.language("report.synthetic")] if self.warehouse.build.is_synthetic else said

    @property
    def source(self) -> str:
        build = self.warehouse.build
        return self.language(
            "explorer.source",
            school_year=self.language.school_year(self.warehouse.school_year),
            date=self.language.date(build.built_at),
            build=build.build_id[:8],
            path=self.warehouse.path.name,
        )


def sorted_by(rows: list[dict], keys: list[str], order: dict[str, int]) -> list[dict]:
    return sorted(rows, key=lambda row: [order.get(str(row[key]), row[key]) for key in keys])


def text_of_value(language: Language, column: str) -> Callable[[dict], str]:
    return lambda row: language(f"explorer.values.{row[column]}")


def standalone(svg: str) -> str:
    """An SVG as a data URI, with its styles."""
    style = f"<style>{drawing_style()}</style>"
    styled = re.sub(r"<svg[^>]*>", lambda opening: opening.group() + style, svg, count=1)
    return "data:image/svg+xml;base64," + base64.b64encode(styled.encode("utf-8")).decode("ascii")


@st.cache_resource(show_spinner=False)
def drawing_style() -> str:
    return (TEMPLATES / "figures.css").read_text(encoding="utf-8").replace("<", "")


def html_table(headings: list[str], rows: list[list]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def main() -> None:
    st.set_page_config(page_title="Immunization coverage", layout="wide")
    st.html(f"<style>{style()}</style>")
    page = Page()
    listen(choose_unit)
    try:
        page.choose_measure(warehouses())
        show(page)
    except ReportError as error:
        st.error(error.sentence(page.language))


def show(page: Page) -> None:
    t = page.language
    st.set_page_config(page_title=t("explorer.title"))
    said = " ".join(text for text in (page.goal(), page.rank()) if text)
    page.draw(
        f'<p class="headline">{escape(page.headline())}</p><p>{escape(said)}</p>'
        f'<p class="note">{escape(" ".join(page.warnings))}</p>'
    )
    views = {
        "map": page.show_map,
        "compare": page.show_comparison,
        "trend": page.show_trend,
        "rules": page.show_rules,
    }
    if page.warehouse.indicators:
        views["beyond"] = page.show_indicators
    if page.warehouse.zero_dose:
        views["health_unit"] = page.show_health_unit
    for name, key, view in (("SCHOOLS", "schools", page.show_schools), ("EXPLAIN", "student", page.show_student)):
        if os.environ.get(name, "") not in ("", "0") and page.has_persons:
            views[key] = view
    for tab, show_view in zip(tabs(t, list(views)), views.values(), strict=True):
        with tab:
            show_view()
    page.draw(f'<p class="note">{escape(page.source)}</p>')


def tabs(language: Language, keys: list[str]) -> Sequence[DeltaGenerator]:
    """Tabs by their keys; the page's address has the open one."""
    names = {language(f"explorer.{key}"): key for key in keys}
    # A language has tabs of its own, since their state is the name of the open one.
    state = f"tab-{language.code}"

    def opened() -> None:
        st.query_params["tab"] = names[st.session_state[state]]

    wanted = next((name for name, key in names.items() if key == st.query_params.get("tab")), None)
    return st.tabs(list(names), default=wanted, key=state, on_change=opened)


def choose_unit(phu_id: str) -> None:
    st.session_state["unit"] = phu_id


main()
