"""Series over the school years: where they break, why coverage moved, and how report and explorer show both."""

import base64
import csv
import io
import random
import re
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import Build, long
from pages import WIDTHS, Page, percent
from several_years import CHANGED, YEARS, write_years
from streamlit.testing.v1 import AppTest

from immunization_coverage.explorer.start import APP
from immunization_coverage.explorer.trend import Series, trend_chart
from immunization_coverage.report import document
from immunization_coverage.report.change import PARTS, bar_table, change, change_notes, sentence, signed
from immunization_coverage.report.language import LANGUAGES, Language, first_upper, rounded
from immunization_coverage.report.measures import COVERAGE, MEASURES
from immunization_coverage.report.over_years import over_years
from immunization_coverage.report.sections import Report
from immunization_coverage.report.trends import (
    Point,
    Remarks,
    changed_definitions,
    cohort,
    letters,
    segment_in_words,
    segments,
    series,
)
from immunization_coverage.report.warehouse import Warehouse

BY_KEY = {measure.key: measure for measure in MEASURES}
MISSING = "2016–17 to 2018–19: no value for 2017–18."
RECORDED = (
    "2018–19 to 2019–20: the last dose was recorded 20 days after the end of the school year 2018–19, and 92 days "
    "after the end of 2019–20, so that late reports count unequally."
)
AGENT = "2019–20 to 2020–21: new in “Relevant vaccines”, Tdap-IPV: polio and tetanus."


@pytest.fixture(scope="module")
def several(demonstration, tmp_path_factory) -> Build:
    return Build(write_years(demonstration.warehouse, tmp_path_factory.mktemp("several") / "years.duckdb"), 0, "")


@pytest.fixture(scope="module")
def years(several) -> list[Warehouse]:
    return Warehouse(several.warehouse).years()


# Where a series breaks


def point(first_year: int, value: float | None = 90.0, *, few=False, withheld=False, **known) -> Point:
    row = {"coverage_percent": value, "is_few": few, "withheld": frozenset({"coverage_percent"} if withheld else ())}
    label = f"{first_year}-{(first_year + 1) % 100:02d}"
    return Point(label, row, "coverage_percent", **known)


def random_point(first_year: int, generator: random.Random) -> Point:
    return point(
        first_year,
        generator.choice([None, 0.0, 90.0, 90.0, 90.0]),
        few=generator.random() < 0.2,
        withheld=generator.random() < 0.1,
        changes=({"rule_id": f"{first_year}"},) if generator.random() < 0.2 else (),
        parts=frozenset({("HU", "Huron")} if first_year >= 2019 else ()),
        extraction_days=generator.choice([None, 0, 30, 31, 61]),
        held=generator.choice([None, frozenset({"AL"}), frozenset({"AL", "TO"}), frozenset({"AL", "TO"})]),
    )


@pytest.mark.parametrize("seed", range(200))
def test_a_series_breaks_between_the_years_that_differ_and_nowhere_else(seed):
    """Each kind of break is looked for by itself, over the years and not over the pairs."""
    generator = random.Random(seed)
    by_year = {year: random_point(year, generator) for year in sorted(generator.sample(range(2013, 2026), 7))}
    rows = {year: one.row for year, one in by_year.items()}
    valued = [year for year, row in rows.items() if row["coverage_percent"] is not None and not row["withheld"]]
    found = segments(list(by_year.values()))
    pairs = list(zip(valued, valued[1:], strict=False))
    assert [(one.earlier.first_year, one.later.first_year) for one in found] == pairs
    for one in found:
        first, last = one.earlier.first_year, one.later.first_year
        between = [year for year in range(2013, 2027) if first < year < last]
        assert [int(year[:4]) for year in one.missing] == between
        changed = [year for year, other in by_year.items() if first < year <= last and other.changes]
        assert [int(change["rule_id"]) for change in one.changes] == changed
        assert bool(one.merged) == (first < 2019 <= last)
        days = [by_year[year].extraction_days for year in (first, last)]
        assert bool(one.extraction_days) == (None not in days and max(days) - min(days) > 30)
        assert [int(year[:4]) for year in one.few] == [year for year in (first, last) if by_year[year].is_few]
        held = [by_year[year].held for year in (first, last)]
        assert bool(one.lacking) == (None not in held and held[0] != held[1])
        kinds = [one.missing, one.changes, one.merged, one.extraction_days, one.few, one.lacking]
        assert one.is_break == any(kinds)


def test_years_that_differ_in_nothing_are_joined():
    alike = [point(year, extraction_days=days) for year, days in ((2018, 10), (2019, 40), (2020, 12))]
    assert [one.is_break for one in segments(alike)] == [False, False]
    assert segments(alike[:1]) == [] and segments([]) == []


def definition(parameter, antigen="measles", age=None, change="changed", now="A, B", before="A", counted=(None, None)):
    return {
        "parameter": parameter, "antigen": antigen, "age": age, "change": change, "definition": now,
        "definition_before": before, "also_counted": counted[0], "also_counted_before": counted[1], "rule_id": "R",
    }  # fmt: skip


def broken(row: dict, key: str = "coverage", age: int = 7, antigen: str | None = "measles") -> bool:
    return bool(changed_definitions([row], BY_KEY[key], age, antigen))


def test_a_definition_breaks_the_series_of_its_antigen_and_age_alone():
    assert broken(definition("Relevant vaccines"))
    assert not broken(definition("Relevant vaccines", change=None))
    assert not broken(definition("Relevant vaccines", antigen="mumps"))
    assert not broken(definition("Relevant vaccines", now="B, A", before="A, B")), "the same agents"
    criterion = definition("Up-to-date definition", age=17, now="2 doses", before="1 dose")
    assert broken(criterion, age=17) and not broken(criterion, age=7)
    for kind in ("new", "ended"):
        assert broken(definition("Valid dose definitions", change=kind))


def test_an_age_that_is_newly_assessed_breaks_the_series_of_no_other_age():
    ages = definition("Ages assessed", now="Assessed at 7, 8, 9, 12, 17", before="Assessed at 7, 12, 17")
    assert not any(broken(ages, age=age) for age in (7, 8, 12, 17))
    girls = definition("Ages assessed", now="Assessed at 12, 17 (F only)", before="Assessed at 12, 17")
    assert broken(girls, age=17) and not broken(girls, age=12)


def test_exemptions_break_where_exemption_antigens_change_and_coverage_does_not():
    labels = definition("Exemption antigens", now="Exempt with: MMR", before="Exempt with: Measles")
    assert broken(labels, "medical") and broken(labels, "nonmedical") and not broken(labels)
    assert broken(labels, "no_record"), "an exempt student is of another status"
    doses = definition("Valid dose definitions", now="two", before="three")
    assert broken(doses) and not broken(doses, "medical")


def test_a_measure_of_several_antigens_breaks_with_each_that_it_counts():
    counted = ("all-ISPA coverage at 7, exemptions at 7", "all-ISPA coverage at 7, exemptions at 7")
    alike = definition("Ages assessed", change=None, now="Assessed at 7", before=None, counted=counted)
    agents = definition("Relevant vaccines")
    for key, breaks in (("all_ispa", True), ("any_medical", False)):
        assert bool(changed_definitions([alike, agents], BY_KEY[key], 7, None)) == breaks
        assert not changed_definitions([alike, agents], BY_KEY[key], 17, None)
    alike_ages = {"now": "Assessed at 7", "before": "Assessed at 7"}
    newly = definition("Ages assessed", **alike_ages, counted=(counted[0], "series at 7"))
    assert broken(newly, "all_ispa", antigen=None) and broken(newly, "any_medical", antigen=None)
    assert not broken(newly), "the antigen's own coverage is counted as before"
    dtp = definition("Relevant vaccines", antigen="pertussis")
    assert broken(dtp, "without_dtp", antigen=None) and not broken(dtp, "without_dose", antigen=None)


def test_letters_go_on_after_z():
    assert [letters(place) for place in (0, 25, 26, 27, 52)] == ["a", "z", "aa", "ab", "ba"]


def test_equal_breaks_have_one_letter_and_name_the_lines_that_have_them():
    remarks = Remarks(Language("en"))
    [short, long] = [segments([point(2018, few=few), point(2020)])[0] for few in (False, True)]
    assert remarks.marks(short, name="Ottawa") == ["a"]
    assert remarks.marks(long, name="Perth") == ["a", "b"]
    assert remarks.listed() == [
        ("a", "2018–19 to 2020–21: no value for 2019–20."),
        ("b", "2018–19 to 2020–21 (Perth): fewer than 20 students in 2018–19."),
    ]


def test_a_unit_that_takes_in_another_and_keeps_its_id_is_said_to_have_grown():
    [grown] = segments([point(2018), point(2019, parts=frozenset({("HU", "Huron County Health Unit")}))])
    perth = {"phu_id": "PE", "phu_name": "Perth District Health Unit"}
    for code, words in (("en", "Huron became part of Perth"), ("fr", "Perth comprend désormais Huron")):
        remarks = Remarks(Language(code))
        remarks.marks(grown, perth)
        assert words in remarks.listed()[0][1]


def test_a_year_that_lacks_units_of_the_other_is_said_to_for_the_whole_and_not_for_a_unit(several, tmp_path):
    path = shutil.copy(several.warehouse, tmp_path / "years.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update marts.coverage set students = 0, students_up_to_date = 0, coverage_percent = null "
            "where school_year = '2018-19' and phu_id in ('TO', 'OT')"
        )
    found = series(Warehouse(path).years(), COVERAGE, 7, "measles", [None, "PL"])
    whole = [one for one in segments(found[None]) if "2018-19" in (one.earlier.school_year, one.later.school_year)]
    assert {one.lacking for one in whole} == {(("2018-19", frozenset({"TO", "OT"})),)}
    assert not any(one.lacking for one in segments(found["PL"]))
    said = [segment_in_words(whole[0], Language(code)) for code in LANGUAGES]
    assert "2018–19 has no students of Ottawa and Toronto" in said[0]
    assert "en 2018-2019, aucun élève pour Ottawa et Toronto" in said[1]


def test_an_extract_from_before_the_end_of_the_school_year_is_said_to_be():
    [early] = segments([point(2018, extraction_days=-40), point(2019, extraction_days=1)])
    for code, words in (("en", "40 days before the end"), ("fr", "40\u00a0jours avant la fin")):
        remarks = Remarks(Language(code))
        remarks.marks(early)
        assert words in remarks.listed()[0][1]


# Series of a warehouse


def test_the_province_and_its_units_have_the_marts_numbers_of_every_year(several, years):
    for key, table in (("coverage", "coverage"), ("any_medical", "exemptions_any_ispa")):
        measure = BY_KEY[key]
        antigen = "measles" if measure.by_antigen else None
        found = series(years, measure, 7, antigen, [None, "TO"])
        for phu_id, points in found.items():
            condition = "phu_id is null" if phu_id is None else f"phu_id = '{phu_id}'"
            expected = several.rows(
                f"select school_year, {measure.percent} from marts.{table} where age = 7 and {condition} "
                f"{'and antigen = ' + repr(antigen) if antigen else ''} order by school_year"
            )
            assert [(one.school_year, one.value) for one in points] == expected and len(expected) == len(YEARS)


def test_a_merged_units_series_starts_with_its_merger_and_its_parts_are_added_up_before(several, years):
    points = series(years, COVERAGE, 7, "measles", ["HH"])["HH"]
    assert [one.is_added_up for one in points] == [True, True, False, False]
    expected = several.rows(
        "select 100 * sum(students_up_to_date) / sum(students) from marts.coverage where age = 7 "
        "and antigen = 'measles' and phu_id in ('HU', 'PE', 'HH') group by school_year order by school_year"
    )
    assert [one.value for one in points] == pytest.approx([value for (value,) in expected])
    assert [sorted(phu_id for phu_id, _ in one.merged) for one in segments(points)] == [[], ["HU", "PE"], []]
    # Southwestern was made of others before the last of these years.
    assert [bool(one.merged) for one in segments(series(years, COVERAGE, 7, "measles", ["SW"])["SW"])] == [
        True, False, False,
    ]  # fmt: skip
    assert not any(one.merged for one in segments(series(years, COVERAGE, 7, "measles", [None])[None]))


def test_a_unit_that_merged_ends_with_its_last_year(years):
    before = years[:2]
    points = series(before, COVERAGE, 7, "measles", ["HU"])["HU"]
    assert all(one.has_value for one in points)
    later = series(years, COVERAGE, 7, "measles", ["HU"])["HU"]
    assert [one.has_value for one in later] == [True, True, False, False]


def test_a_cohort_is_a_year_older_in_each_school_year(several, years):
    points = cohort(years, COVERAGE, 2009, "measles", [None])[None]
    assert [(one.school_year, one.age) for one in points] == [
        ("2016-17", 7), ("2018-19", 9), ("2019-20", 10), ("2020-21", 11),
    ]  # fmt: skip
    expected = several.rows(
        "select coverage_percent from marts.coverage where phu_id is null and antigen = 'measles' "
        "and cast(left(school_year, 4) as int) - age = 2009 order by school_year"
    )
    assert [one.value for one in points] == [value for (value,) in expected]
    # Hib is assessed at 7 alone.
    assert len(cohort(years, COVERAGE, 2009, "hib", [None])[None]) == 1


# The report


@pytest.fixture(scope="module")
def reports(several, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PHU_BOUNDARIES", raising=False)
        patch.setenv("WAREHOUSE_PATH", str(several.warehouse))
        assert document.main(folder, False, False) == 0
    return {code: folder / f"immunization-coverage-2020-21-internal-{code}.html" for code in LANGUAGES}


@pytest.fixture(scope="module")
def english(browser, reports):
    with Page(browser, WIDTHS[0]) as opened:
        opened.page.goto(reports["en"].as_uri())
        yield opened


def test_one_school_year_has_no_chapter_of_years(demonstration, several):
    assert over_years(Report(Warehouse(demonstration.warehouse), Language("en"))) is None
    assert over_years(Report(Warehouse(several.warehouse, school_year="2016-17"), Language("en"))) is None
    assert over_years(Report(Warehouse(several.warehouse), Language("en"))) is not None


def test_every_panel_has_the_marts_numbers_and_its_breaks(english, several):
    for antigen, age in several.rows(
        "select distinct antigen, age from marts.coverage where age in (7, 12, 17) order by all"
    ):
        name = Language("en").antigen(antigen)
        panel = english.page.locator(f"#over-years-coverage-{age} .panels li").filter(
            has=english.page.locator(f"h4:text-is('{name}')")
        )
        rows = several.rows(
            "select school_year, students_up_to_date, students from marts.coverage where phu_id is null "
            f"and antigen = '{antigen}' and age = {age} order by school_year"
        )
        values = [f"{year.replace('-', '–')}: {percent(count, of)}" for year, count, of in rows]
        breaks = {"a", "b"} | ({"c"} if antigen in CHANGED else set())
        label = panel.locator("svg").get_attribute("aria-label")
        assert label.startswith(f"{name}: {'; '.join(values)}; breaks ")
        assert set(label.rpartition("breaks ")[2].split(", ")) == breaks
        reasons = panel.locator(".break title").all_text_contents()
        assert reasons[:2] == [MISSING, RECORDED] and len(reasons) == len(breaks)
        assert panel.locator(".joined").count() == 3 - len(breaks)
    listed = english.page.locator("#over-years-coverage-7 .breaks span").all_inner_texts()
    assert listed == [MISSING, RECORDED, AGENT]


def test_the_table_by_unit_has_the_marts_numbers_and_what_is_added_up(english, several):
    cells = english.page.eval_on_selector_all(
        "#over-years-units-coverage-measles-7 tbody tr",
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))",
    )
    texts = Language("en")
    shown = {name: values for name, *values in cells}
    assert len(shown) == len(cells) == 35
    counted = several.rows(
        "select phu_id, phu_name, school_year, students_up_to_date, students from marts.coverage "
        "where antigen = 'measles' and age = 7 and phu_id is distinct from 'HU' and phu_id is distinct from 'PE'"
    )
    for phu_id, phu_name, year, count, of in counted:
        value = shown[texts.phu({"phu_id": phu_id, "phu_name": phu_name})][YEARS.index(year)]
        assert re.sub(r"[†\s].*", "", value) == (percent(count, of) if of else "no"), (phu_name, year)
    assert ["‡" in value for value in shown["Huron Perth"]] == [True, True, False, False, False]
    assert shown["Huron Perth"][2].split()[-1] == "c" and "b" not in shown["Ottawa"][2]
    heads = english.page.locator("#over-years-units-coverage-measles-7 thead th").all_inner_texts()
    assert [" ".join(head.split()) for head in heads[1:]] == [
        "2016–17", "2018–19 a", "2019–20 b", "2020–21", "Change, points",
    ]  # fmt: skip
    sentences = english.page.locator("#over-years-units-coverage-measles-7 .breaks span").all_inner_texts()
    assert sentences[:2] == [MISSING, RECORDED]
    assert "2018–19 to 2019–20: Huron Perth takes the place of Huron and Perth, which are added up before." in sentences
    link = english.page.get_attribute("#over-years-units-coverage-measles-7 a.download", "href")
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(link.split("base64,")[1]).decode("utf-8-sig"))))
    exact = {(row["school_year"], row["phu_name"]): row["coverage_percent"] for row in rows}
    assert len(exact) == len(rows) == 35 * len(YEARS)
    for _, phu_name, year, count, of in counted:
        assert not of or float(exact[year, phu_name or ""]) == pytest.approx(100 * count / of)


def test_the_title_compares_the_first_year_with_the_last_and_says_that_series_break(english, several):
    higher, total = several.rows(
        "select count(*) filter (now.coverage_percent > before.coverage_percent), count(*) from marts.coverage as now "
        "inner join marts.coverage as before using (antigen, age) where now.phu_id is null and before.phu_id is null "
        "and now.school_year = '2020-21' and before.school_year = '2016-17' and age = 17"
    )[0]
    title = english.page.inner_text("#over-years-coverage-17 h3")
    assert title.startswith(f"At 17, coverage is higher in 2020–21 than in 2016–17 for {higher} of {total} antigens; ")
    assert title.endswith("(with breaks in the series)")


@pytest.mark.parametrize("chapter", ["over_years", "change"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
@long
def test_nothing_overlaps_and_everybody_can_use_the_chapters(browser, reports, language, width, chapter):
    with Page(browser, width) as opened:
        opened.page.goto(reports[language].as_uri())
        opened.page.evaluate(
            f"document.querySelectorAll('main > section:not(#{chapter})').forEach(section => section.remove())"
        )
        assert opened.sticks_out() <= 0
        assert opened.overlaps() == [] and opened.complaints == [] and opened.requests == []
        assert opened.violations(f"'#{chapter}'") == []
        if language == "fr":
            text = opened.page.inner_text(f"#{chapter}")
            assert "2016-2017" in text or chapter == "change"
            assert not re.search(r"\d%|\b20\d\d[-–]\d\d\b(?!\d)|\b(the|years?|and)\b", text)


def test_a_release_shows_the_years_that_it_holds_and_withholds_what_it_withholds(several, tmp_path, monkeypatch):
    path = tmp_path / "release.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"attach '{several.warehouse}' as built (read_only)")
        connection.execute("create schema published; create schema annex")
        for table in ("coverage_goals", "public_health_units", "public_health_unit_mergers", "school_years"):
            connection.execute(f"create table annex.{table} as from built.annex.{table}")
        for table in ("releases", "antigen_definitions", "school_assignment", "measures"):
            published = f"built.published.{table}"
            connection.execute(
                f"create table published.{table} as from {published} union all select * replace "
                f"('2019-20' as school_year, '2019-20' as definitions, 'build of 2019-20' as build_id) from {published}"
            )
        connection.execute(
            "update published.measures set percent = null, withheld_reason = 'small_count' where age = 7 "
            "and measure = 'coverage' and phu_id is null and antigen = 'rubella' and school_year = '2018-19'"
        )
    warehouse = Warehouse(path, release=True)
    [before, now] = series(warehouse.years(), COVERAGE, 7, "rubella", [None])[None]
    assert not before.has_value and now.has_value and segments([before, now]) == []
    section = over_years(Report(warehouse, Language("en")))
    [figure] = [one for one in section.context["figures"] if one.key == "over-years-coverage-7"]
    [panel] = [one for one in figure.drawing.panels if one.heading == "Rubella"]
    assert "2018–19: withheld" in panel.label and len(panel.dots) == 1 and panel.lines == []
    assert figure.title.endswith("(results not withheld)") and any("Withheld" in note for note in figure.notes)
    monkeypatch.setenv("WAREHOUSES", str(path))
    monkeypatch.setenv("RELEASE", "1")
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    for key, value in (("age", 7), ("antigen", "rubella"), ("unit", "TO")):
        app.selectbox(key=key).set_value(value).run()
    assert not app.exception
    page = " ".join(element.proto.body for element in app.get("html"))
    assert re.search("<td>2018–19</td><td>Ontario</td><td>[^<]*</td><td>[^<]*</td><td>withheld</td>", page)
    assert "moved since the year before" not in page


# The explorer


def test_the_explorers_chart_dashes_what_breaks_and_joins_what_does_not(years):
    found = series(years, COVERAGE, 7, "polio", [None, "HH"])
    lines = [
        Series({"phu_id": None, "phu_name": None}, "#111", found[None], True),
        Series({"phu_id": "HH", "phu_name": "Huron Perth"}, "#222", found["HH"], False),
    ]
    trend = trend_chart(Language("en"), lines, 100)
    layers = trend.chart.to_dict()["layer"]
    rules = [layer["data"]["values"] for layer in layers if layer["mark"]["type"] == "rule"]
    of_province = [line for line in rules[0] if line["line"] == "Ontario"]
    assert [(line["place"], line["to"], line["is_dashed"]) for line in of_province] == [
        (2016, 2018, True), (2018, 2019, True), (2019, 2020, True),
    ]  # fmt: skip
    assert of_province[0]["told"] == MISSING and of_province[2]["told"] == AGENT.replace("polio and tetanus", "polio")
    added_up = [line for line in rules[0] if line["line"] == "Huron and Perth, added up"]
    assert [line["is_dashed"] for line in added_up] == [True, True]
    assert "Huron Perth takes the place of Huron and Perth" in added_up[1]["told"]
    measles = series(years, COVERAGE, 7, "measles", [None])[None]
    joined = trend_chart(Language("en"), [Series({"phu_id": None}, "#111", measles, True)], 100)
    rules = [layer for layer in joined.chart.to_dict()["layer"] if layer["mark"]["type"] == "rule"]
    assert [line["is_dashed"] for line in rules[0]["data"]["values"]] == [True, True, False]
    assert [letter for letter, _ in joined.breaks] == ["a", "b"]


@long
def test_the_explorer_lays_peers_and_a_cohort_beside_the_unit(several, monkeypatch):
    for name in ("RELEASE", "EXPLAIN", "SCHOOLS", "WAREHOUSE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WAREHOUSES", str(several.warehouse))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    for key, value in (("age", 9), ("antigen", "measles"), ("unit", "HH")):
        app.selectbox(key=key).set_value(value).run()
    app.multiselect(key="trend-peers-HH-9").set_value(["OT", "TO"]).run()
    assert not app.exception
    page = " ".join(element.proto.body for element in app.get("html"))
    trend, grown = page.split("those born in 2011 as they grow older")
    for part in (trend.split("Breaks in the series")[1], grown):
        names = set(re.findall(r"<td>20\d\d–\d\d</td>(?:<td>\d+</td>)?<td>([^<†]*)", part))
        assert {"Ontario", "Huron Perth Health Unit", "Huron and Perth, added up", "Ottawa Public Health"} <= names
    assert "Huron Perth Health Unit exists since a merger" in trend
    assert "2018–19 to 2019–20 (Huron Perth): Huron Perth takes the place of Huron and Perth" in page
    assert set(re.findall(r"<td>(20\d\d–\d\d)</td><td>(\d+)</td>", grown)) == {
        ("2018–19", "7"), ("2019–20", "8"), ("2020–21", "9"),
    }  # fmt: skip
    app.selectbox(key="language").set_value("fr").run()
    page = " ".join(element.proto.body for element in app.get("html"))
    assert not app.exception and "Ruptures dans les séries\u00a0:" in page and "élèves nés en 2011" in page


# Why coverage moved


def moved(change_points, *parts, phu_id=None, antigen="measles"):
    names = dict(zip((f"{part}_points" for part in PARTS), parts, strict=True))
    return {
        "antigen": antigen, "age": 7, "phu_id": phu_id, "phu_name": phu_id and "Ottawa Public Health",
        "change_points": change_points, "school_year": "2018-19", "school_year_before": "2017-18",
        "coverage_percent": 90.0 + change_points, "coverage_percent_before": 90.0, "withheld": frozenset(),
        "is_few": False, **names,
    }  # fmt: skip


def test_the_sentence_names_the_part_that_moved_coverage_most_the_way_it_moved():
    english, french = Language("en"), Language("fr")
    up = moved(1.0, 2.5, -3.0, 0.1, 1.4)
    assert sentence(english, up) == (
        "Measles coverage at 7 moved from 90.0% in 2017–18 to 91.0% in 2018–19 (+1.0 points), mostly because of "
        "changed definitions (+2.5)"
    )
    assert sentence(english, moved(-1.0, 2.5, -3.0, 0.1, -0.6)).endswith(
        "(−1.0 points), mostly because of doses recorded for a longer or a shorter time (−3.0)"
    )
    assert "de la composition des élèves (+1,2)" in sentence(french, moved(1.0, 0.1, 0.2, 1.2, -0.5))
    assert sentence(french, moved(-0.7, 0, 0, 0, -0.7, phu_id="OT")) == (
        "La couverture vaccinale contre la rougeole à 7\u00a0ans, Santé publique Ottawa, est passée de 90,0\u00a0% en "
        "2017-2018 à 89,3\u00a0% en 2018-2019 (−0,7\u00a0point), surtout en raison de l’évolution au sein du "
        "bureau (−0,7)"
    )
    unmoved = sentence(english, moved(0.04, 2, -1.96, 0, 0))
    assert unmoved == "Measles coverage at 7 stayed at 90.0% from 2017–18 to 2018–19"


def test_a_part_that_was_not_computed_is_said_to_be_in_the_rest():
    english = Language("en")
    row = moved(1.0, None, None, 0.2, 0.8)
    assert sentence(english, row).endswith(
        "mostly because of change within public health units, with what is not separated from it (definitions and "
        "reporting) (+0.8)"
    )
    said = change_notes(english, [row, moved(1.0, 0, None, 0, 1)])
    assert "Definitions was not computed for one of 2 rows (–): it is not separated from the rest there." in said
    assert any(text.startswith("Reporting was not computed for 2 of 2 rows") for text in said)
    table = bar_table(english, [("Measles", row)], "", "")
    assert table.rows[0].values == ["+1.0", "–", "–", "+0.2", "+0.8"]
    assert [part for part, _ in table.legend] == ["composition", "rest", "net"]


@pytest.mark.parametrize("seed", range(50))
def test_bars_end_where_their_sums_do_and_the_mark_is_the_net_change(seed):
    generator = random.Random(seed)
    rows = []
    for _ in range(5):
        parts = [generator.choice([None, 0, round(generator.uniform(-3, 3), 3)]) for _ in range(2)]
        parts += [round(generator.uniform(-3, 3), 3) for _ in range(2)]
        rows.append(moved(sum(part or 0 for part in parts), *parts))
    table = bar_table(Language("en"), [("", row) for row in rows], "", "")
    scale = 100 / (table.rows[0].change_left - table.zero_left) * rows[0]["change_points"]
    for row, drawn in zip(rows, table.rows, strict=True):
        assert (drawn.change_left - table.zero_left) * scale / 100 == pytest.approx(row["change_points"], abs=0.2)
        above = sum(bar.width for bar in drawn.bars if bar.left >= table.zero_left - 0.02)
        below = sum(bar.width for bar in drawn.bars if bar.left < table.zero_left - 0.02)
        assert above - below == pytest.approx(drawn.change_left - table.zero_left, abs=0.05)
        assert [bar.part for bar in drawn.bars] == [part for part in PARTS if row[f"{part}_points"]]
        assert all(-0.01 <= bar.left and bar.left + bar.width <= 100.01 for bar in drawn.bars)


def test_the_chapter_of_the_change_has_the_marts_numbers(english, several):
    language = Language("en")
    rows = several.rows(
        f"select phu_id, phu_name, antigen, {', '.join(f'{part}_points' for part in ('change', *PARTS))}, "
        "coverage_percent_before, coverage_percent, students, students_before from marts.coverage_change "
        "where school_year = '2020-21' and school_year_before = '2019-20' and age = 7"
    )
    bars = {
        name: values
        for name, *values in english.page.eval_on_selector_all(
            "#change-7 .bars .row",
            "rows => rows.map(row => [...row.querySelectorAll('[role=rowheader], [role=cell]')].map(c => c.innerText))",
        )
    }
    of_province = [row for row in rows if row[0] is None]
    assert len(bars) == len(of_province) == 11
    for _, _, antigen, *values, _, _, _, _ in of_province:
        assert bars[language.antigen(antigen)] == [signed(language, value) for value in values]
    moves = {row[2]: abs(rounded(row[-3], 1) - rounded(row[-4], 1)) for row in of_province}
    most = [antigen for antigen, move in moves.items() if move == max(moves.values())]
    title = english.page.inner_text("#change-7 h3")
    if len(most) == 1:
        assert title.startswith(first_upper(f"{language.antigen(most[0], 'of')} coverage at 7 "))
    else:
        assert title.startswith("At 7, coverage moved most for ")
        assert len(most) > 3 or all(language.antigen(antigen, "plain") in title for antigen in most)
        assert f"by {max(moves.values())} points" in title
    cells = english.page.eval_on_selector_all(
        "#change-units-mumps-7 tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    shown = {name.rstrip("†"): values for name, *values in cells}
    of_mumps = [row for row in rows if row[2] == "mumps"]
    assert len(shown) == len(cells) == len(of_mumps)
    for phu_id, phu_name, _, *values, before, after, _, _ in of_mumps:
        name = language.phu({"phu_id": phu_id, "phu_name": phu_name})
        percents = [language.percent(before), language.percent(after)]
        assert shown[name] == [*percents, *(signed(language, value) for value in values)]
    link = english.page.get_attribute("#change-units-mumps-7 a.download", "href")
    for row in csv.DictReader(io.StringIO(base64.b64decode(link.split("base64,")[1]).decode("utf-8-sig"))):
        parts = [Decimal(row[f"{part}_points"] or 0) for part in PARTS]
        assert sum(parts) == Decimal(row["change_points"])
    assert english.page.locator("#change").get_by_text("Reporting was not computed for one of 11 rows").count() == 1


def test_one_year_a_release_and_a_what_if_show_no_change(demonstration, several, tmp_path):
    english = Language("en")
    assert change(Report(Warehouse(demonstration.warehouse), english)) is None
    assert change(Report(Warehouse(several.warehouse, school_year="2016-17"), english)) is None
    path = tmp_path / "what_if.duckdb"
    shutil.copy(several.warehouse, path)
    with duckdb.connect(str(path)) as connection:
        for table in ("coverage", "antigen_definitions", "builds", "series_uptake"):
            connection.execute(
                f"insert into marts.{table} select * replace ('2019-20' as definitions) from marts.{table} "
                "where school_year = '2020-21'"
            )
    what_if = Warehouse(path, school_year="2020-21", definitions="2019-20")
    assert change(Report(what_if, english)) is None and over_years(Report(what_if, english)) is None
    own = Report(Warehouse(path, school_year="2020-21"), english)
    assert change(own) is not None and over_years(own) is not None


@long
def test_the_explorer_says_why_the_chosen_units_coverage_moved(several, monkeypatch):
    for name in ("RELEASE", "EXPLAIN", "SCHOOLS", "WAREHOUSE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WAREHOUSES", str(several.warehouse))
    app = AppTest.from_file(str(APP), default_timeout=120).run()
    for key, value in (("age", 7), ("antigen", "mumps"), ("unit", "OT")):
        app.selectbox(key=key).set_value(value).run()
    page = " ".join(element.proto.body for element in app.get("html"))
    assert not app.exception
    part = page.split("Why mumps coverage at 7 moved since the year before", 1)[1]
    [values] = several.rows(
        f"select {', '.join(f'{part}_points' for part in ('change', *PARTS))} from marts.coverage_change "
        "where phu_id = 'OT' and age = 7 and antigen = 'mumps' and school_year = '2020-21' "
        "and school_year_before = '2019-20'"
    )
    row = re.search(r'rowheader" title="Ottawa Public Health">Ottawa<.*?</div>', part, re.S)[0]
    assert re.findall(r'class="n[^"]*">([^<]*)<', row) == [signed(Language("en"), value) for value in values]
    assert "Mumps coverage at 7 in Ottawa Public Health moved from" in part
    # Exemptions and the first year have no such split.
    app.selectbox(key="measure").set_value("medical").run()
    assert "moved since the year before" not in " ".join(element.proto.body for element in app.get("html"))
    app.selectbox(key="measure").set_value("coverage").run()
    app.selectbox(key="year").set_value("2016-17").run()
    assert not app.exception
    assert "moved since the year before" not in " ".join(element.proto.body for element in app.get("html"))
