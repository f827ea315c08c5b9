"""The annual report, made from the demonstration and opened in a real browser."""

import ast
import base64
import csv
import datetime
import io
import json
import os
import re
import shutil
import string

import duckdb
import pytest
import yaml
from conftest import ONLY_TABLES, ROOT, few, long, run_dbt
from pages import WIDTHS, Page, colours, percent
from streamlit.testing.v1 import AppTest

from immunization_coverage.explorer.start import APP
from immunization_coverage.report import document, printing
from immunization_coverage.report.boundaries import Match, match, read_boundaries
from immunization_coverage.report.errors import BoundariesError, ReportError, WarehouseError
from immunization_coverage.report.figures import Figure, tile_positions
from immunization_coverage.report.language import LANGUAGES, Language
from immunization_coverage.report.sections import (
    Choice,
    Report,
    coverage_sentence,
    points,
    unit_figure,
)
from immunization_coverage.report.warehouse import Warehouse, select
from immunization_coverage.report.year_before import changes

UNITS_IN_FILE = ["Algoma Public Health", "Huron Perth Health Unit", "Toronto Public Health", "Nowhere Health Unit"]


@pytest.fixture(scope="module")
def boundary_file(tmp_path_factory):
    """Four squares: two units, two merged in one, and one that is no unit."""
    squares = []
    for number, name in enumerate(UNITS_IN_FILE):
        x, y = -84 + 2 * number, 43 + number
        ring = [[x, y], [x, y + 1], [x + 1, y + 1], [x + 1, y], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        squares.append({"type": "Feature", "properties": {"CODE": "00", "NAME": name}, "geometry": geometry})
    path = tmp_path_factory.mktemp("boundaries") / "units.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": squares}), encoding="utf-8")
    return path


def write_reports(folder, warehouse, *arguments, **environment):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PHU_BOUNDARIES", raising=False)
        patch.setenv("WAREHOUSE_PATH", str(warehouse))
        for name, value in environment.items():
            patch.setenv(name, str(value))
        status = document.main(folder, "--release" in arguments, "--no-pdf" not in arguments)
    return status


@pytest.fixture(scope="module")
def reports(demonstration, boundary_file, tmp_path_factory):
    """The internal report by language."""
    folder = tmp_path_factory.mktemp("reports")
    assert write_reports(folder, demonstration.warehouse, "--no-pdf", PHU_BOUNDARIES=boundary_file) == 0
    return {code: folder / f"immunization-coverage-2018-19-internal-{code}.html" for code in LANGUAGES}


@pytest.fixture(scope="module")
def english(browser, reports):
    with Page(browser, WIDTHS[0]) as opened:
        opened.page.goto(reports["en"].as_uri())
        yield opened


def marts(demonstration, table, columns):
    return demonstration.rows(f"select {columns} from marts.{table}")


def downloads(page) -> dict[str, list[dict]]:
    """Every table that the page offers, by file name."""
    links = page.eval_on_selector_all("a.download", "found => found.map(link => [link.download, link.href])")
    tables = {}
    for name, link in links:
        text = base64.b64decode(link.split("base64,")[1]).decode("utf-8-sig")
        tables[name] = list(csv.DictReader(io.StringIO(text)))
    return tables


def dot_rows(page, figure) -> dict[str, list[str]]:
    """Name and numbers of each row of a figure."""
    rows = page.eval_on_selector_all(
        f"#{figure} .dots .row",
        "rows => rows.map(row => [...row.querySelectorAll('[role=rowheader], [role=cell]')].map(c => c.textContent))",
    )
    assert len({name for name, *_ in rows}) == len(rows) > 0, figure
    return {name.rstrip("†"): values for name, *values in rows}


@pytest.mark.parametrize("language", few(LANGUAGES, 1))
def test_every_unit_of_every_map_and_ranking_has_the_marts_number(browser, reports, demonstration, language):
    texts = Language(language)
    with Page(browser, WIDTHS[0]) as opened:
        opened.page.goto(reports[language].as_uri())
        shown: dict[str, dict[str, str]] = {}
        tiles: dict[str, dict[str, str]] = {}
        counted = marts(demonstration, "coverage", "antigen, age, phu_id, phu_name, students, students_up_to_date")
        for antigen, age, phu_id, phu_name, students, up_to_date in counted:
            figure = f"units-{antigen}-{age}"
            if figure not in shown:
                shown[figure] = {name: values[0] for name, values in dot_rows(opened.page, figure).items()}
                tiles[figure] = dict(
                    opened.page.eval_on_selector_all(
                        f"#{figure} .tile",
                        "tiles => tiles.map(t => [t.dataset.phu, t.querySelector('.value').textContent])",
                    )
                )
                assert len(shown[figure]) == 36 and len(tiles[figure]) == 35
            expected = percent(up_to_date, students, language) if students else texts("no_students")
            name = texts.phu({"phu_id": phu_id, "phu_name": phu_name})
            assert shown[figure][name] == expected, (figure, name)
            if phu_id and students:
                assert tiles[figure][phu_id].rstrip("†") == expected.rstrip("\u00a0%"), (figure, name)


def test_the_downloads_are_the_marts_to_the_last_digit(english, demonstration):
    tables = downloads(english.page)
    units = {
        f"coverage-{antigen}-{age}-2018-19.csv"
        for antigen, age in marts(demonstration, "coverage", "distinct antigen, age")
    }
    assert units <= set(tables)
    downloaded = {
        (row["antigen"], int(row["age"]), row["phu_name"]): row for name in units for row in tables[name]
    }
    for antigen, age, name, students, up_to_date, exact, goal, category in marts(
        demonstration,
        "coverage",
        "antigen, age, phu_name, students, students_up_to_date, coverage_percent, goal_percent, map_category",
    ):
        row = downloaded.pop((antigen, age, name or ""))
        assert (int(row["students"]), int(row["students_up_to_date"])) == (students, up_to_date)
        assert float(row["coverage_percent"] or -1) == (-1 if exact is None else exact)
        assert float(row["goal_percent"] or -1) == (goal or -1)
        assert int(row["map_category"] or 0) == (category or 0)
    assert not downloaded


def test_series_exemptions_and_all_ispa_are_the_marts(english, demonstration):
    texts, page = Language("en"), english.page
    for age in (7, 17):
        own = dot_rows(page, "all-ispa")
        for phu_id, name, students, up_to_date in demonstration.rows(
            f"select phu_id, phu_name, students, students_up_to_date from marts.coverage_all_ispa where age = {age}"
        ):
            shown = own[texts.phu({"phu_id": phu_id, "phu_name": name})][0 if age == 7 else 1]
            assert shown == (percent(up_to_date, students) if students else "no students")
        exempt = dot_rows(page, f"exemptions-{age}")
        for phu_id, name, students, *counts in demonstration.rows(
            "select phu_id, phu_name, students, students_medical, students_nonmedical "
            f"from marts.exemptions_any_ispa where age = {age}"
        ):
            expected = [percent(count, students) if students else "no students" for count in counts]
            assert exempt[texts.phu({"phu_id": phu_id, "phu_name": name})] == expected
    series = {
        f"series-{antigen}-{age}": dot_rows(page, f"series-{antigen}-{age}")
        for antigen in ("hepatitis_b", "hpv")
        for age in (12, 17)
    }
    for antigen, age, phu_id, name, students, *counts in demonstration.rows(
        "select antigen, age, phu_id, phu_name, students, students_initiated, students_completed, students_unimmunized "
        "from marts.series_uptake where gender = 'all'"
    ):
        shown = series[f"series-{antigen}-{age}"].pop(texts.phu({"phu_id": phu_id, "phu_name": name}))
        assert shown == [percent(count, students) if students else "no students" for count in counts]
    assert not any(series.values())
    by_gender = dot_rows(page, "series-province")
    for antigen, age, gender, students, completed in demonstration.rows(
        "select antigen, age, gender, students, students_completed from marts.series_uptake "
        "where geography = 'province' and not (antigen = 'hpv' and age = 17 and gender = 'all')"
    ):
        who = {"all": "all students", "F": "girls", "M": "boys"}[gender]
        name = f"{'HPV' if antigen == 'hpv' else 'Hepatitis B'} at {age}, {who}"
        assert by_gender.pop(name)[1] == percent(completed, students)
    assert not by_gender
    antigens = dot_rows(page, "exemptions-antigens")
    for antigen, age, students, medical, nonmedical in demonstration.rows(
        "select antigen, age, students, students_medical, students_nonmedical from marts.exemptions "
        "where geography = 'province'"
    ):
        expected = [percent(medical, students), percent(nonmedical, students)]
        assert antigens.pop(f"{texts.antigen(antigen)}, at {age}") == expected
    assert not antigens


def test_what_is_beyond_coverage_is_the_marts(english, demonstration):
    texts, page = Language("en"), english.page

    def shown(figure, query, *percents, names="{antigen}, at {age}"):
        own = dot_rows(page, figure)
        for antigen, age, dose, *counts in demonstration.rows(query):
            name = names.format(antigen=texts.antigen(antigen), age=age, dose=dose)
            assert own.pop(name) == [percent(*pick(counts)) for pick in percents], (figure, name)
        assert not own, figure

    shown(
        "beyond-doses",
        "select antigen, age, dose_number, students, students_recorded, students_valid from marts.dose_coverage "
        "where geography = 'province' and is_fewest_asked",
        lambda c: (c[1], c[0]), lambda c: (c[2], c[0]),
    )  # fmt: skip
    shown(
        "beyond-exempt",
        "select antigen, age, null, sum(students), sum(students) filter (is_up_to_date) "
        "from marts.exemptions_by_status where geography = 'province' and exemption <> 'none' group by all",
        lambda c: (c[1], c[0]),
    )  # fmt: skip
    for age in (7, 12, 17):
        shown(
            f"beyond-timeliness-{age}",
            "select antigen, age, dose_number, students, students_early, students_timely from marts.timeliness "
            f"where geography = 'province' and age = {age}",
            lambda c: (c[2], c[0]), lambda c: (c[1] + c[2], c[0]),
            names="{antigen}, dose {dose}",
        )  # fmt: skip
        shown(
            f"beyond-dropout-{age}",
            "select antigen, age, dose_number, students_eligible, students_dropped_out from marts.dose_coverage "
            f"where geography = 'province' and age = {age} and students_eligible > 0",
            lambda c: (c[1], c[0]),
            names="{antigen}, dose {dose}",
        )
    # A curve ends at what the last of its months has.
    curves = {name: rows for name, rows in downloads(page).items() if name.startswith("beyond-curves")}
    assert "beyond-curves-measles-7-2018-19.csv" in curves and "beyond-curves-pneumococcal-7-2018-19.csv" in curves
    marts_curves = {
        row[:-1]: row[-1]
        for row in marts(
            demonstration,
            "coverage_by_age_in_months",
            "antigen, age, schedule, dose_number, age_in_months, coverage_percent",
        )
    }
    for rows in curves.values():
        for row in rows:
            key = (row["antigen"], int(row["age"]), row["schedule"], int(row["dose_number"]), int(row["age_in_months"]))
            assert float(row["coverage_percent"]) == marts_curves[key]
    assert page.locator("#beyond-curves figure:not([hidden]) svg.lines path").count() == 2


def test_what_health_units_ask_for_is_the_marts(english, demonstration):
    texts, page = Language("en"), english.page

    def shown(figure, query, name=lambda key: texts.antigen(key)):
        own = dot_rows(page, figure)
        for key, *pairs in demonstration.rows(query):
            expected = [percent(part, whole) for part, whole in zip(pairs[::2], pairs[1::2], strict=True)]
            assert own.pop(name(key)) == expected, (figure, key)
        assert not own, figure

    shown(
        "health-unit-zero",
        "select age, students_without_dtp, students, students_without_dose, students from marts.zero_dose "
        "where geography = 'province'",
        lambda age: texts("age", age=age),
    )
    shown(
        "health-unit-birthday",
        "select antigen, sum(students_up_to_date) filter (birthday = 2), any_value(students), "
        "sum(students_up_to_date) filter (birthday = 7), any_value(students) from marts.coverage_by_birthday "
        "where geography = 'province' group by antigen",
    )
    not_offered = demonstration.rows("select distinct antigen from marts.doses_needed where not is_product_offered")
    assert set(not_offered) == {("hib",), ("pneumococcal",)}
    for age in (7, 12, 17):
        shown(
            f"health-unit-needed-{age}",
            "select antigen, students_needing_1, students, students_needing_2, students, students_needing_3_or_more, "
            f"students from marts.doses_needed where geography = 'province' and age = {age}",
            lambda antigen: texts("health_unit.not_offered", antigen=texts.antigen(antigen))
            if (antigen,) in not_offered
            else texts.antigen(antigen),
        )  # fmt: skip
        shown(
            f"health-unit-invalid-{age}",
            "select antigen, sum(refused), sum(doses) from (select antigen, year_given, any_value(doses) as doses, "
            "sum(doses_refused) as refused from marts.invalid_doses where geography = 'province' "
            f"and age = {age} group by all) group by antigen",
        )
    # On a page a student without a dose is one without a record.
    text = page.inner_text("#health_unit").lower()
    assert "no record is not “not vaccinated”" in text and "zero-dose" not in text


def test_the_headline_of_reasons_is_of_one_cohort(english, demonstration):
    """In students of the cohort, as the figure has it, and not in pairs of student and antigen."""
    students, no_record, refused = demonstration.rows(
        "select sum(students), sum(students) filter (status = 'no_record'), "
        "sum(students) filter (status = 'doses_refused') from marts.not_up_to_date_reasons "
        "where geography = 'province' and antigen = 'measles' and age = 7"
    )[0]
    title = english.page.inner_text("#beyond-reasons h3")
    assert title.startswith(f"At 7, {percent(no_record, students)} of students are not up to date for measles ")
    assert f", and {percent(refused, students)} because doses are refused" in title
    assert dot_rows(english.page, "beyond-reasons")["Measles, at 7"][:2] == [
        percent(no_record, students), percent(refused, students)
    ]  # fmt: skip


def test_the_headline_of_reporting_is_of_doses_of_the_school_year_and_leaves_migrations_out(english, demonstration):
    in_time, told = demonstration.rows(
        "select sum(doses) filter (delay in ('before_the_dose', 'within_7_days', 'within_30_days')), sum(doses) "
        "from marts.reporting where geography = 'province' and is_of_school_year and delay <> 'not_recorded' "
        "and channel <> 'migration'"
    )[0]
    title = english.page.inner_text("#beyond-reporting h3")
    assert title == f"{percent(in_time, told)} of the doses given in the school year were on record within 30 days"


def test_assignment_and_data_quality_are_the_marts(english, demonstration):
    page, texts = english.page, Language("en")
    counts = demonstration.rows(
        "select name, sum(students) from marts.school_assignment where kind = 'decision' group by name"
    )
    total = sum(students for _, students in counts)
    shown = dot_rows(page, "assignment")
    for name, students in counts:
        assert shown[texts(f"assignment.decisions.{name}")] == [percent(students, total)]
    found = page.eval_on_selector_all(
        "#data-quality table.checks tbody tr", "rows => rows.map(row => [...row.cells].map(c => c.textContent))"
    )
    expected = demonstration.rows(
        "select description, rows_failed, rows_checked from marts.data_quality where rows_failed > 0"
    )
    assert sorted((text, number, of) for text, _, number, of, _ in found) == sorted(
        (text, f"{failed:,}", f"{checked:,}") for text, failed, checked in expected
    )
    # Every rule stands in the methods, as the warehouse words it.
    rules = page.eval_on_selector_all(
        "#methods details tbody tr[id]", "rows => rows.map(row => [row.id, row.cells[1].textContent])"
    )
    assert sorted(rules) == sorted(
        [rule_id, definition]
        for rule_id, definition in demonstration.rows("select rule_id, definition from marts.antigen_definitions")
    )


@pytest.mark.parametrize(("language", "width"), few([("fr", 390), ("en", 1280), ("en", 390), ("fr", 1280)], 2))
def test_nothing_overlaps_nothing_fails_and_nothing_is_fetched(browser, reports, language, width):
    with Page(browser, width) as opened:
        opened.page.goto(reports[language].as_uri())
        opened.page.evaluate("document.fonts.ready")
        assert opened.sticks_out() <= 0
        assert opened.overlaps(".unseen, .areas") == []
        for chooser in ("series-by-unit", "exemptions-by-unit"):
            options = opened.page.eval_on_selector_all(f"#{chooser} option", "found => found.map(o => o.value)")
            opened.page.select_option(f"#{chooser} select", options[-1])
        opened.page.evaluate("for (const closed of document.querySelectorAll('details')) closed.open = true")
        assert opened.overlaps(".unseen, .areas") == []
        assert opened.complaints == [] and opened.requests == []


@pytest.mark.parametrize("language, width", few([("fr", 390), ("en", 1280)], 1))
def test_everybody_can_use_it(browser, reports, language, width):
    with Page(browser, width) as opened:
        opened.page.goto(reports[language].as_uri())
        # One of each is enough: the panels not chosen are like the chosen, and axe reads every node of the page.
        opened.page.evaluate("""
            for (const hidden of document.querySelectorAll('[data-choice][hidden]')) hidden.remove();
            for (const id of ['#units-mcv4-12 .data', '#rules-measles', '#data-quality details']) {
              document.querySelector(id).open = true;
            }
            for (const closed of document.querySelectorAll('details:not([open])')) {
              for (const inside of [...closed.children].slice(1)) inside.remove();
            }
        """)
        # Colours are the same at every width, and take axe most of its time.
        assert opened.violations(with_contrast=width == WIDTHS[0]) == []


def test_maps_draw_tiles_apart_and_areas_with_their_categories(english, demonstration):
    page = english.page
    tiles = page.eval_on_selector_all(
        "#units-mcv4-12 .tile rect",
        "rects => rects.map(r => { const b = r.getBoundingClientRect(); "
        "return [b.left, b.top, b.right, b.bottom, getComputedStyle(r).fill]; })",
    )
    assert len(tiles) == 35
    for number, (left, top, right, bottom, fill) in enumerate(tiles):
        assert right - left > 20 and bottom - top > 20
        assert fill != "rgb(255, 255, 255)"
        assert not any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for other in tiles[number + 1 :]
        )
    categories = demonstration.rows(
        "select phu_id, map_category from marts.coverage where antigen = 'mcv4' and age = 12 and phu_id is not null"
    )
    for phu_id, category in categories:
        assert f"c{category}" in page.get_attribute(f'#units-mcv4-12 .tile[data-phu="{phu_id}"]', "class").split()
    for drawing in (".tiles", ".areas"):
        assert colours(page.locator(f"#units-mcv4-12 {drawing}").screenshot()) > 5
    assert page.locator(".all-maps .small").count() == 24


def test_boundaries_that_do_not_match_one_to_one_are_named_and_merged_units_computed(english, demonstration):
    (together,) = demonstration.rows(
        "select sum(students_up_to_date), sum(students) from marts.coverage "
        "where antigen = 'mcv4' and age = 12 and phu_id in ('HU', 'PE')"
    )
    notes = " ".join(english.page.locator("#units-mcv4-12 .note").all_text_contents())
    assert f"Huron Perth Health Unit is drawn as one area in the boundary file; it shows Huron and Perth together: " \
        f"{percent(*together)}" in notes
    assert "Nowhere Health Unit" in notes
    assert "Not in the boundary file: Brant," in notes and "Toronto" not in notes


@pytest.mark.parametrize(
    "content, sentence",
    [
        ("{", "is not valid JSON"),
        ('{"type": "FeatureCollection", "features": []}', "has no features"),
        ('{"features": [{"properties": {"n": "Elsewhere"}, "geometry": null}]}', "names no public health unit"),
        ('{"features": [{"properties": {"n": "Algoma"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}]}',
         "not polygons"),
        ('{"features": [{"properties": {"n": "Algoma"}, "geometry": {"type": "Polygon", "coordinates": '
         '[[[500000, 4800000], [500001, 4800000], [500001, 4800001], [500000, 4800000]]]}}]}',
         "longitude and latitude"),
    ],
)  # fmt: skip
def test_a_bad_boundary_file_is_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "bad.geojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BoundariesError, match=sentence):
        read_boundaries(path, [{"phu_id": "AL", "phu_name": "Algoma Public Health Unit"}])


def test_boundaries_of_other_years_match_by_their_places():
    phus = [
        {"phu_id": "KI", "phu_name": "Kingston, Frontenac and Lennox & Addington Public Health"},
        {"phu_id": "HU", "phu_name": "Huron County Health Unit"},
        {"phu_id": "PE", "phu_name": "Perth District Health Unit"},
    ]
    names = ["Kingston, Frontenac and Lennox and Addington Health Unit", "Huron Perth Health Unit", "Perth Junction"]
    assert match(names, phus) == [Match(("KI",)), Match(("HU", "PE")), Match()]
    # A unit that has an area already is not drawn twice.
    assert match(["Perth District", "Huron Perth"], phus) == [Match(("PE",)), Match()]


def test_boundaries_of_before_and_after_a_merger_show_the_unit_that_the_year_has():
    to_come = {"names_to_come": ["Southwestern Public Health"]}
    elgin = {"phu_id": "ET", "phu_name": "Elgin-St. Thomas Health Unit"} | to_come
    oxford = {"phu_id": "OX", "phu_name": "Oxford County Public Health"} | to_come
    assert match(["Southwestern Public Health"], [elgin, oxford]) == [Match(("ET", "OX"))]
    parts = ["Hastings and Prince Edward Counties Health Unit", "Leeds, Grenville and Lanark District Health Unit"]
    names = {"other_names": ["Southeast Public Health"], "names_of_parts": parts}
    south_east = {"phu_id": "SE", "phu_name": "South East Health Unit"} | names
    # Each part has the unit's number; the whole unit beside its parts would be counted twice by the eye.
    assert match(parts, [south_east]) == [Match(("SE",), is_part=True)] * 2
    assert match([*parts, "South East"], [south_east])[2] == Match()
    assert match(["South East", *parts], [south_east]) == [Match(("SE",)), Match(), Match()]
    assert match(["Southeast Health Unit"], [south_east]) == [Match(("SE",))]


def test_a_reader_chooses_an_antigen_by_keyboard_and_by_its_small_map(browser, reports):
    with Page(browser, WIDTHS[0]) as opened:
        page = opened.page
        page.goto(reports["en"].as_uri())
        assert page.is_visible("#units-mcv4-12") and not page.is_visible("#units-measles-7")
        page.focus("#coverage-by-unit select")
        page.keyboard.press("m")  # the next option that starts with it: Measles, at 12
        chosen = page.input_value("#coverage-by-unit select")
        assert chosen != "mcv4-12" and page.is_visible(f"#units-{chosen}") and not page.is_visible("#units-mcv4-12")
        page.click('.all-maps a[data-choose="measles-7"]')
        assert page.is_visible("#units-measles-7")
        assert page.evaluate("document.activeElement.id") == "coverage-by-unit-choice"
        with page.expect_download() as download:
            page.click("#units-measles-7 summary")
            page.click("#units-measles-7 a.download")
        assert download.value.suggested_filename == "coverage-measles-7-2018-19.csv"
        page.goto(reports["en"].as_uri() + "#HEP-3-3b")
        assert page.is_visible("#HEP-3-3b")


def test_a_title_is_what_the_numbers_say():
    row = {"antigen": "measles", "age": 7, "withheld": frozenset(), "goal_percent": 95.0}
    english, french = Language("en"), Language("fr")
    said = {
        90.9: ("Measles coverage at 7 is 90.9%, 4.1 points below the goal of 95%",
               "La couverture vaccinale contre la rougeole à 7\u00a0ans est de 90,9\u00a0%, soit 4,1\u00a0points sous "
               "l’objectif de 95\u00a0%"),
        94.96: ("Measles coverage at 7 is 95.0%, just below the goal of 95%", None),
        95.0: ("Measles coverage at 7 is 95.0% and reaches the goal of 95%", None),
        96.04: ("Measles coverage at 7 is 96.0%, 1.0 points above the goal of 95%",
                "La couverture vaccinale contre la rougeole à 7\u00a0ans est de 96,0\u00a0%, soit 1,0\u00a0point "
                "au-dessus de l’objectif de 95\u00a0%"),
    }  # fmt: skip
    for value, (in_english, in_french) in said.items():
        assert coverage_sentence(english, row | {"coverage_percent": value}) == in_english
        assert in_french is None or coverage_sentence(french, row | {"coverage_percent": value}) == in_french
    assert "no national goal" in coverage_sentence(english, row | {"coverage_percent": 86.1, "goal_percent": None})
    assert "withheld" in coverage_sentence(
        english, row | {"coverage_percent": None, "withheld": frozenset({"coverage_percent"})}
    )


def leaves(texts, path=""):
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def test_both_languages_say_the_same_things():
    read = {
        code: dict(leaves(yaml.safe_load((ROOT / "report" / "texts" / f"{code}.yml").read_text(encoding="utf-8"))))
        for code in LANGUAGES
    }
    # The marts speak English: French has the checks, the rules and the names of units and diseases beside them.
    only_french = r"checks\.|diseases\.|school_types\.|rule_phrases|public_health_units\.\w+\.name"
    french = {key: text for key, text in read["fr"].items() if not re.match(only_french, key)}
    assert set(read["en"]) == set(french)

    def blanks(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name} if isinstance(text, str) else set()

    for key, text in read["en"].items():
        # A language may name the antigen in another form.
        forms = {"antigen_of": "antigen", "nearest_of": "nearest"}
        assert {forms.get(name, name) for name in blanks(text)} == {
            forms.get(name, name) for name in blanks(french[key])
        }, key


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_error_of_the_report_has_its_sentence_with_its_values(code):
    """Of each error that the package raises: a text for its key, and every word in braces among its arguments."""
    raised, language = set(), Language(code)
    for path in (ROOT / "src").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("WarehouseError", "BoundariesError"):
                values = {keyword.arg: "1" for keyword in call.keywords}
                for key in ast.walk(call.args[0]):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        raised.add(key.value)
                        assert ReportError(key.value, **values).sentence(language).endswith(".")
    assert raised == set(language.entries("errors"))


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_text_is_given_twice(code):
    """YAML keeps the last of two; the first would show nowhere."""
    given, path = [], []
    for line in (ROOT / "report" / "texts" / f"{code}.yml").read_text(encoding="utf-8").splitlines():
        if key := re.match(r'( *)(["\w]+):', line):
            path[len(key[1]) // 2 :] = [key[2]]
            given.append(tuple(path))
    assert len(given) > 400 and len(set(given)) == len(given)


def test_no_text_shows_marks_of_markdown_or_html(browser, reports):
    for code in LANGUAGES:
        texts = yaml.safe_load((ROOT / "report" / "texts" / f"{code}.yml").read_text(encoding="utf-8"))
        texts.pop("rule_phrases", None)
        assert not [key for key, text in leaves(texts) if re.search(r"`|\*\*|</?\w+>|&\w+;", str(text))]
        with Page(browser, WIDTHS[0]) as opened:
            opened.page.goto(reports[code].as_uri())
            shown = opened.page.evaluate(
                "document.querySelectorAll('script, style').forEach(e => e.remove()) || document.body.textContent"
            )
            assert "icw report" in shown and not re.search(r"`|\*\*|\{\w*\}", shown)


def test_numbers_dates_lists_and_plurals_are_those_of_the_language():
    english, french = Language("en"), Language("fr")
    assert english.number(-1234567.25, 1) == "\u22121,234,567.3"
    assert french.number(-1234567.25, 1) == "\u22121\u00a0234\u00a0567,3"
    assert (english.percent(90.95), french.percent(90.95)) == ("91.0%", "91,0\u00a0%")
    first, last = datetime.date(2018, 12, 1), datetime.date(2019, 8, 31)
    assert (english.date(first), english.date(last)) == ("December 1, 2018", "August 31, 2019")
    assert (french.date(first), french.date(last)) == ("1er\u00a0décembre 2018", "31\u00a0août 2019")
    assert (english.joined(["a", "b", "c"]), french.joined(["a", "b", "c"])) == ("a, b and c", "a, b et c")
    assert (english.school_year("2099-00"), french.school_year("2099-00")) == ("2099–00", "2099-2100")
    # 0 and 1.9 are singular in French, plural in English.
    said = [(code("report.data", count=0), points(code, 1.9)) for code in (english, french)]
    assert said == [("Data (0 rows)", "1.9 points"), ("Données (0 ligne)", "1,9\u00a0point")]


# Where a line of French may not break: spaces that should be no-break ones, and marks without any.
BREAKS = re.compile(r" [:;!?%»]|« |[^\s:;!?][;!?](?=\s|$)|\d (?:ans?|mois|jours?|points?|août|décembre|septembre)\b")


def test_french_is_set_as_french_and_in_french_everywhere(browser, reports):
    """In sentences, tables, maps and what a pointer shows; the annex's own words are English, and marked so."""
    with Page(browser, WIDTHS[0]) as opened:
        page = opened.page
        page.goto(reports["fr"].as_uri())
        shown = page.evaluate("""() => {
            for (const other of document.querySelectorAll('script, style, [lang=en]')) other.remove();
            const texts = [document.querySelector('meta[name=description]').content];
            const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) texts.push(walker.currentNode.data);
            for (const element of document.querySelectorAll('[title], [aria-label], [label]')) {
                texts.push(...['title', 'aria-label', 'label'].map(name => element.getAttribute(name) || ''));
            }
            return [...new Set(texts.map(text => text.trim()))];
        }""")
    assert len(shown) > 2000
    assert not [text for text in shown if BREAKS.search(text)]
    # A school year has one spelling, and a build is a run.
    assert any("2018-2019" in text for text in shown)
    assert not [text for text in shown if re.search(r"\b20\d\d[-–]\d\d\b(?!\d)|production", text)]
    # English has no word here but in names: of areas in the boundary file, and of the registry's agents and antigens.
    names = "|".join([*UNITS_IN_FILE[1::2], "BCG vaccine", "live poliovirus"])
    english = re.compile(r"\b(the|of|and|at|by|months?|years?|Health Unit|Public Health|withheld|measles)\b")
    assert not [text for text in shown if english.search(re.sub(names, "", text))]


def test_french_has_every_disease_and_recommended_age(demonstration):
    french = Language("fr")
    names = {name for (name,) in demonstration.rows("select disease_name from practice.ispa_diseases")}
    assert names == set(french.entries("diseases"))
    assert french.diseases("Measles, Meningococcal") == "rougeole, méningocoque"
    assert Language("en").diseases("Measles, Meningococcal") == "Measles, Meningococcal"
    for (age,) in demonstration.rows("select distinct recommended_at from practice.recommended_ages"):
        assert re.fullmatch(r"\d+\u00a0(ans|mois)|De \d+ à \d+\u00a0ans|\de année", french.rule(age)), age
    assert french.school_type("ELEMENTARY–school") == "école élémentaire" and french.school_type("Lycée") == "Lycée"


def test_french_has_every_check_every_unit_and_every_word_of_the_rules(demonstration):
    french = Language("fr")
    checks = {name for (name,) in demonstration.rows('select "check" from marts.data_quality')}
    assert checks == set(french.entries("checks"))
    units = {name for (name,) in demonstration.rows("select phu_id from annex.public_health_units")}
    assert units == set(french.entries("public_health_units"))
    english_words = re.compile(
        r"\b(and|or|the|dose|valid|old|years?|days?|months?|after|before|first|birth|record|only|schedule|kept)\b"
    )
    # Names of agents and of the registry's antigens stay as they are.
    names = re.compile(r"live poliovirus|BCG vaccine|unspecified")
    for rule_id, parameter, definition in demonstration.rows(
        "select rule_id, parameter, definition from marts.antigen_definitions"
    ):
        if parameter != "Relevant vaccines":
            left = names.sub("", french.rule(definition)).replace("dose", "")
            assert not english_words.search(left), (rule_id, left)


def test_every_public_health_unit_of_every_year_has_one_tile_of_its_own(demonstration):
    positions = tile_positions()
    years = demonstration.rows(
        """
        select first_year, list(phu_id) from annex.school_years
        inner join annex.public_health_units
            on coalesce(school_year_from <= first_year, true) and coalesce(school_year_before > first_year, true)
        group by first_year order by first_year
        """
    )
    counts = {first_year: len(units) for first_year, units in years}
    assert [counts[year] for year in (2016, 2017, 2018, 2019, 2023, 2024)] == [36, 35, 35, 34, 34, 29]
    for first_year, units in years:
        assert len({positions[unit] for unit in units}) == len(units), first_year
    assert set(positions) == {unit for _, units in years for unit in units}
    # Roughly where they lie: further west, further left; further north, higher.
    column = {phu_id: place[0] for phu_id, place in positions.items()}
    row = {phu_id: place[1] for phu_id, place in positions.items()}
    assert column["NW"] < column["TH"] < column["AL"] < column["SU"] <= column["NP"] < column["OT"] < column["EO"]
    assert column["WE"] < column["CK"] < column["SW"] < column["HN"] < column["HM"] < column["NR"]
    assert row["PO"] < row["NP"] < row["SI"] < row["YK"] < row["TO"] < row["NR"]


def test_a_unit_without_a_tile_or_a_boundary_is_said_and_stays_in_the_ranking(demonstration, tmp_path):
    statement = "update marts.{table} set phu_id = 'ZZ', phu_name = 'Zebra Lake Health Unit' where phu_id = 'AL'"
    tables = ("coverage", "coverage_all_ispa", "series_uptake", "exemptions_any_ispa")
    warehouse = Warehouse(
        changed(demonstration.warehouse, tmp_path, "; ".join(statement.format(table=table) for table in tables))
    )
    figure = unit_figure(Report(warehouse, Language("en")), "measles", 7)
    assert len(figure.drawing["tiles"].tiles) == 34
    assert "Not on the tile map, which has no tile for it: Zebra Lake Health Unit." in figure.notes
    assert "Zebra Lake Health Unit" in {row.label.rstrip("†") for row in figure.drawing["dots"].rows}


def test_the_report_says_which_annex_a_years_definitions_are_from_and_what_differs_from_the_year_before(
    demonstration, tmp_path
):
    own = Warehouse(demonstration.warehouse)
    paragraphs = dict(document.methods(Report(own, Language("en"))).context["paragraphs"])
    assert "by the technical annex of the 2018–19 report" in paragraphs["Source"]
    differs = paragraphs["What differs from the year before"]
    assert differs.startswith("Compared with 2017–18: ")
    for sentence in (
        "Newly assessed at 8 to 16: measles.",
        "Newly assessed at 17: hepatitis B and MCV4.",
        "Newly assessed at 17 (girls): HPV.",
        "Newly part of the coverage for all ISPA diseases at 17: MCV4.",
        "Exemptions newly counted at 12: MCV4.",
        "New in “Relevant vaccines”, DTaP-Hib: diphtheria, Hib, pertussis and tetanus.",
        "New in “Relevant vaccines”, Men-C-CY: MCC.",
    ):
        assert sentence in differs, differs
    assert "rougeole" in changes(own, Language("fr"))
    # It follows from the rows: a rule that changes is said, one that does not is not.
    of_a_rule = Warehouse(changed(
        demonstration.warehouse, tmp_path,
        "update marts.antigen_definitions set change = null; update marts.antigen_definitions set change = 'changed', "
        "definition_before = replace(definition, '28', '21') where rule_id = 'MUM-2'",
    ))  # fmt: skip
    (definition,) = select(of_a_rule.antigen_definitions, rule_id="MUM-2")
    assert changes(of_a_rule, Language("en")) == (
        f"Compared with 2017–18: Rule MUM-2 is {definition['definition']}; before, it was "
        f"{definition['definition_before']} (mumps)."
    )


def test_a_year_with_new_units_says_of_what_they_are_made(demonstration, tmp_path):
    warehouse = Warehouse(changed(
        demonstration.warehouse, tmp_path,
        "update marts.antigen_definitions set change = null; "
        "update annex.public_health_units set school_year_from = 2018 where phu_id = 'SW'; "
        "update annex.public_health_units set school_year_before = 2018 where phu_id in ('ET', 'OX')",
    ))  # fmt: skip
    assert changes(warehouse, Language("en")) == (
        "Compared with 2017–18: Southwestern Public Health takes the place of Elgin-St. Thomas Health Unit and Oxford "
        "County Public Health."
    )
    nothing = "update annex.public_health_units set school_year_from = 2017 where phu_id = 'SW'"
    (tmp_path / "again").mkdir()
    warehouse = Warehouse(changed(warehouse.path, tmp_path / "again", nothing))
    assert changes(warehouse, Language("en")) == "Units and definitions are those of 2017–18."


RELEASE = """
create schema if not exists published;
create or replace table published.measures as
with measures as (
    select 'coverage' as measure, * from (select *, 'all' as gender, students_up_to_date as counted from marts.coverage)
    union all by name
    select 'coverage_all_ispa' as measure, *, 'all' as gender, students_up_to_date as counted
    from marts.coverage_all_ispa
    union all by name
    select 'initiation' as measure, *, students_initiated as counted from marts.series_uptake
    union all by name
    select 'completion' as measure, *, students_completed as counted from marts.series_uptake
    union all by name
    select 'unimmunized' as measure, *, students_unimmunized as counted from marts.series_uptake
    union all by name
    select 'medical_exemption' as measure, *, 'all' as gender, students_medical as counted from marts.exemptions
    union all by name
    select 'nonmedical_exemption' as measure, *, 'all' as gender, students_nonmedical as counted from marts.exemptions
    union all by name
    select 'medical_exemption_any_ispa' as measure, *, 'all' as gender, students_medical as counted
    from marts.exemptions_any_ispa
    union all by name
    select 'nonmedical_exemption_any_ispa' as measure, *, 'all' as gender, students_nonmedical as counted
    from marts.exemptions_any_ispa
),
reasons as (
    select
        *,
        case
            when students between 1 and 5 or counted between 1 and 5 or students - counted between 1 and 5
                then 'small_count'
        end as reason
    from measures
)
select
    build_id, school_year, measure, geography, phu_id, phu_name, age, antigen, gender,
    case when students not between 1 and 5 then students end as students,
    case when reason is null then counted end as students_counted,
    case when reason is null and students > 0 then 100 * counted / students end as percent,
    goal_percent,
    case when reason is null then map_category end as map_category,
    reason as withheld_reason
from reasons
where geography = 'province' or gender = 'all';
create or replace table published.school_assignment as
select
    build_id, school_year, age, name as decision,
    case when students not between 1 and 5 then students end as students,
    case when students not between 1 and 5 then percent end as percent,
    case when students between 1 and 5 then 'small_count' end as withheld_reason
from marts.school_assignment
where kind = 'decision';
create or replace table published.releases as
select distinct
    build_id, built_at, school_year, education_record_window, is_demonstration, project_version, 6 as suppress_below
from marts.builds;
create or replace table published.antigen_definitions as select * from marts.antigen_definitions;
drop schema marts cascade;
"""


@pytest.fixture(scope="module")
def released(demonstration, tmp_path_factory):
    """The demonstration with its small counts withheld, and without marts: a release can read nothing else."""
    folder = tmp_path_factory.mktemp("release")
    shutil.copy(demonstration.warehouse, folder / "release.duckdb")
    with duckdb.connect(str(folder / "release.duckdb")) as connection:
        connection.execute(RELEASE)
    assert write_reports(folder, folder / "release.duckdb", "--release", "--no-pdf") == 0
    return folder


def test_a_release_shows_no_small_count_and_says_what_is_withheld(browser, released):
    with Page(browser, WIDTHS[0]) as opened:
        opened.page.goto((released / "immunization-coverage-2018-19-en.html").as_uri())
        tables = downloads(opened.page)
        counts = [
            (name, column, int(value))
            for name, rows in tables.items()
            for row in rows
            for column, value in row.items()
            if column.startswith("students") and value
        ]
        assert len(counts) > 1000
        assert not [found for found in counts if 0 < found[2] < 6]
        shown = dot_rows(opened.page, "units-mcv4-12")
        assert [values[0] for values in shown.values()].count("withheld") > 10
        assert "Counts below 6" in opened.page.inner_text(".banner")
        assert opened.page.locator("#quality").count() == 0
        assert opened.overlaps(".unseen") == [] and opened.complaints == []


def changed(database, folder, *statements):
    """A copy of the file in which the statements have been run."""
    path = folder / "changed.duckdb"
    shutil.copy(database, path)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


@pytest.mark.parametrize(
    ("mark", "is_demonstration", "is_shown"), [("true", False, True), ("false", False, False), ("null", True, True)]
)
@long
def test_drawn_extracts_are_marked_and_others_never(demonstration, tmp_path, mark, is_demonstration, is_shown):
    warehouse = changed(
        demonstration.warehouse,
        tmp_path,
        f"update marts.builds set is_synthetic = {mark}, is_demonstration = {is_demonstration}",
    )
    assert write_reports(tmp_path, warehouse, "--no-pdf") == 0
    for code in LANGUAGES:
        page = (tmp_path / f"immunization-coverage-2018-19-internal-{code}.html").read_text(encoding="utf-8")
        assert (Language(code)("report.synthetic") in page) == is_shown


@long
def test_a_year_of_few_students_or_none_is_a_good_page(browser, tmp_path):
    build = run_dbt("build", *ONLY_TABLES, "--vars", "school_year: 2016", warehouse=tmp_path / "warehouse.duckdb")
    assert build.returncode == 0, build.output
    # Without marts it is a release to read as it stands.
    release = changed(build.warehouse, tmp_path, "drop schema marts cascade")
    for path, arguments, name in ((build.warehouse, (), "-internal"), (release, ("--release",), "")):
        assert write_reports(tmp_path, path, "--no-pdf", *arguments) == 0
        for code in LANGUAGES:
            assert unreadable(Warehouse(path, release=bool(arguments)), code) == []
            for width in WIDTHS:
                with Page(browser, width) as opened:
                    page = tmp_path / f"immunization-coverage-2016-17{name}-{code}.html"
                    opened.page.goto(page.as_uri())
                    assert opened.overlaps(".unseen, .areas") == [] and opened.complaints == []
                    assert opened.sticks_out() <= 0
                    # What the small maps show stands below them, units without students too.
                    kinds = opened.page.eval_on_selector_all(".all-maps rect", "all => all.map(r => r.classList[0])")
                    keys = opened.page.eval_on_selector_all("#all-maps .key", "all => all.map(k => k.classList[1])")
                    assert "empty" in kinds and set(kinds) <= set(keys)


@long
def test_a_warehouse_without_a_student_is_a_page_too(demonstration, tmp_path):
    """As a build of extracts that hold nobody of the cohorts makes it."""
    measures = {
        "coverage": ("students_up_to_date", "coverage_percent", "map_category"),
        "coverage_all_ispa": ("students_up_to_date", "coverage_percent"),
        "series_uptake": ("students_initiated", "students_completed", "students_unimmunized", "initiated_percent",
                          "completed_percent", "unimmunized_percent"),
        "exemptions": ("students_medical", "students_nonmedical", "medical_percent", "nonmedical_percent"),
        "exemptions_any_ispa": ("students_medical", "students_nonmedical", "medical_percent", "nonmedical_percent"),
        "school_assignment": ("percent",),
    }  # fmt: skip
    nobody = [
        f"update marts.{mart} set students = 0, "
        + ", ".join(f"{column} = {0 if column.startswith('students') else 'null'}" for column in columns)
        for mart, columns in measures.items()
    ]
    path = changed(demonstration.warehouse, tmp_path, *nobody)
    assert write_reports(tmp_path, path, "--no-pdf") == 0
    for code in LANGUAGES:
        assert unreadable(Warehouse(path), code) == []


@long
def test_an_age_without_goals_has_no_antigen_that_comes_nearest(demonstration, tmp_path):
    path = changed(
        demonstration.warehouse,
        tmp_path,
        "update marts.coverage set goal_percent = null, map_category = null where age = 12",
        "delete from annex.coverage_goals where age = 12",
    )
    assert write_reports(tmp_path, path, "--no-pdf") == 0
    titles = sentences(sections_of(Warehouse(path), "en"))
    assert titles["province-12"] == "At 12, no antigen has a national goal"
    assert "with a goal" in titles["province-7"] and " of 20 national goals" in titles["line goals"]


def test_a_number_of_students_that_is_withheld_is_none_of_the_sentence(demonstration, released, tmp_path):
    statement = "update published.measures set students = null where measure = 'coverage' and age = 17"
    warehouse = Warehouse(changed(released / "release.duckdb", tmp_path, statement), release=True)
    [(seven, twelve)] = demonstration.rows(
        "select sum(students) filter (age = 7), sum(students) filter (age = 12) from marts.coverage "
        "where geography = 'province' and antigen = 'measles'"
    )
    said = document.population(warehouse, Language("en"))
    assert said.startswith(f"Students aged 7: {seven:,}; aged 12: {twelve:,}; aged 17: withheld. By the method of")
    assert document.population(warehouse, Language("fr")).startswith(
        f"Élèves de 7\u00a0ans\u00a0: {Language('fr').number(seven)}\u202f; de 12\u00a0ans"
    )


def test_definitions_of_another_year_are_said_to_be(demonstration, tmp_path):
    own = document.population(Warehouse(demonstration.warehouse), Language("en"))
    assert own.endswith("by the method of the technical annex of the 2018–19 report of Public Health Ontario.")
    statement = "update annex.school_years set definitions_of = '2017-18', is_own_annex_read = false"
    taken_over = Warehouse(changed(demonstration.warehouse, tmp_path, statement))
    said = document.population(taken_over, Language("en"))
    assert "of the 2017–18 report" in said
    assert said.endswith("The annex of 2018–19 was not read: the definitions of 2017–18 are used.")
    [(_, source), *_] = document.methods(Report(taken_over, Language("fr"))).context["paragraphs"]
    assert "rapport 2017-2018" in source and "L’annexe de 2018-2019 n’a pas été consultée" in source


@long
def test_an_age_without_students_says_so(demonstration, tmp_path):
    path = changed(
        demonstration.warehouse,
        tmp_path,
        "update marts.coverage set students = 0, students_up_to_date = 0, coverage_percent = null, map_category = null "
        "where age = 17",
    )
    titles = sentences(sections_of(Warehouse(path), "en"))
    assert titles["province-17"] == "At 17, there are no students"
    assert " of 14 national goals" in titles["line goals"] and titles["caution 0"] == "there are no students at 17."


# What a release of the demonstration withholds beside its small counts.
WITHHELD = {
    "nothing more": "false",
    "the highest of all": "percent = max(percent) over (partition by measure, geography)",
    "the lowest of all": "percent = min(percent) over (partition by measure, geography)",
    "the highest of each": "percent = max(percent) over (partition by measure, geography, antigen, gender)",
    "the lowest of each": "percent = min(percent) over (partition by measure, geography, antigen, gender)",
    "what reaches its goal": "map_category = 5",
    "what does not": "map_category < 5",
    "one in ten": "row_number() over (order by measure, phu_id, age, antigen, gender) % 10 = 0",
    "nine in ten": "row_number() over (order by measure, phu_id, age, antigen, gender) % 10 > 0",
    "what is of the province": "phu_id is null",
    "all but one": "measure <> 'coverage' or phu_id is not null or age <> 7 or antigen <> 'rubella'",
    "everything": "true",
}


def withholding(condition):
    return f"""
        create or replace table published.measures as
        select * exclude (is_hidden) replace (
            case when not is_hidden then students_counted end as students_counted,
            case when not is_hidden then percent end as percent,
            case when not is_hidden then map_category end as map_category,
            case when is_hidden then coalesce(withheld_reason, 'small_count') else withheld_reason end
                as withheld_reason
        )
        from (select *, coalesce({condition}, false) as is_hidden from published.measures)
    """


def figures_in(found):
    if isinstance(found, Figure):
        return [found]
    if isinstance(found, Choice):
        return [found.figure]
    parts = found.values() if isinstance(found, dict) else found if isinstance(found, list | tuple) else []
    return [figure for part in parts for figure in figures_in(part)]


def sections_of(warehouse, code):
    found = (build(Report(warehouse, Language(code))) for build in document.SECTIONS)
    return [section for section in found if section is not None]


def sentences(sections):
    """Every title of a report's figures, and every sentence of its summary, by what it is about."""
    found = {}
    for section in sections:
        found |= {figure.key: figure.title for figure in figures_in(section.context)}
        found |= {f"line {line.key}": " ".join(line.sentences) for line in section.context.get("lines", [])}
        found |= {f"caution {n}": text for n, text in enumerate(section.context.get("cautions", []))}
    return found


@pytest.fixture(scope="module")
def internal_sentences(demonstration):
    warehouse = Warehouse(demonstration.warehouse)
    return {code: sentences(sections_of(warehouse, code)) for code in LANGUAGES}


# A release has no reasons and no checks, and says other things in their lines.
OF_RELEASES = ("line who", "line trust")
# A word in the place of a number: "withheld of 7-year-olds", "which no students had".
IN_PLACE = re.compile(
    r"(withheld|no students|supprimé|aucun élève) (of|are up|had|have|des|de ceux|élèves|sont|ont|avaient|aged)\b",
    re.IGNORECASE,
)


def unreadable(warehouse, code, sections=None):
    """Sentences with a word in the place of a number, and titles that only repeat the line below them."""
    sections = sections or sections_of(warehouse, code)
    found = [*sentences(sections).values(), document.population(warehouse, Language(code))]
    shown = [figure for section in sections for figure in figures_in(section.context)]
    repeated = [figure.title for figure in shown if figure.title == figure.subtitle]
    notes = [note for figure in shown for note in figure.notes]
    return [text for text in [*found, *notes] if IN_PLACE.search(text)] + repeated


@pytest.mark.parametrize("withheld", few(WITHHELD, 1))
def test_a_title_of_a_release_says_what_the_marts_say_or_that_results_are_withheld(
    internal_sentences, released, tmp_path, withheld
):
    path = changed(released / "release.duckdb", tmp_path, withholding(WITHHELD[withheld]))
    warehouse = Warehouse(path, release=True)
    for code, words in (("en", "withheld"), ("fr", "supprim")):
        internal, sections = internal_sentences[code], sections_of(warehouse, code)
        assert not [title for title in internal.values() if words in title]
        shown = sentences(sections)
        assert {"measles-by-age", "exemptions-antigens", "all-maps", "matrix-7", "line goals"} <= set(shown)
        # A part of what the marts say may be left out at the end.
        assert not {
            key: title for key, title in shown.items()
            if key not in OF_RELEASES and words not in title
            and not internal[key].rstrip(".").startswith(title.rstrip("."))
        }
        assert unreadable(warehouse, code, sections) == []


def test_an_extreme_that_is_withheld_is_not_said_of_another(demonstration, internal_sentences, tmp_path):
    """Nothing else is withheld than what the titles of the internal report name."""
    internal = internal_sentences["en"]
    [(worst, worst_age)] = demonstration.rows(
        "select antigen, age from marts.coverage where phu_id is not null and map_category = 1 and students >= 20 "
        "group by all "
        "order by count(*) desc limit 1"
    )
    (lowest, _), (next_lowest, at_least) = demonstration.rows(
        "select age, coverage_percent from marts.coverage where geography = 'province' and antigen = 'measles' "
        "order by coverage_percent limit 2"
    )
    [_, (next_most,)] = demonstration.rows(
        "select distinct nonmedical_percent from marts.exemptions where geography = 'province' "
        "order by all desc limit 2"
    )
    path = changed(
        demonstration.warehouse,
        tmp_path,
        RELEASE.replace("then 'small_count'\n        end as reason", "then null::varchar end as reason"),
        withholding(f"measure = 'coverage' and phu_id is null and antigen = 'measles' and age = {lowest}"),
        withholding(f"measure = 'coverage' and phu_id is not null and antigen = '{worst}' and age = {worst_age}"),
        withholding("measure = 'nonmedical_exemption' and phu_id is null and percent = max(percent) over "
                    "(partition by measure, geography)"),
        withholding("measure = 'coverage' and phu_id is null and age = 17 and map_category = 5"),
    )  # fmt: skip
    shown = sentences(sections_of(Warehouse(path, release=True), "en"))
    assert internal["measles-by-age"].startswith(f"Measles coverage is lowest at {lowest} ")
    assert shown["measles-by-age"].startswith(f"Measles coverage is lowest at {next_lowest} ({at_least:.1f}%)")
    assert f"({next_most:.1f}%)" in shown["exemptions-antigens"]
    assert internal["province-17"].startswith("At 17, ") and "no antigen reaches" not in internal["province-17"]
    assert shown["province-17"].startswith("At 17, no antigen reaches its goal")
    for key in ("measles-by-age", "exemptions-antigens", "province-17"):
        assert shown[key].endswith("(results not withheld)"), key
    assert shown["all-maps"] != internal["all-maps"]
    assert shown["all-maps"].endswith("(units with 20 students or more, not withheld)")
    assert shown[f"matrix-{worst_age}"].endswith("(results of 20 students or more, not withheld)")
    untouched = f"province-{12 if lowest == 7 else 7}"
    assert shown[untouched] == internal[untouched] and "withheld" not in shown[untouched]


def test_the_explorers_rank_in_a_release_is_among_the_units_not_withheld(released, tmp_path, monkeypatch):
    path = changed(released / "release.duckdb", tmp_path)
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "select phu_id, percent, students from published.measures "
            "where measure = 'coverage' and antigen = 'mcv4' and age = 12 and phu_id is not null"
        ).fetchall()
    shown = {phu_id: percent for phu_id, percent, _ in found if percent is not None}
    sizes = {phu_id: students for phu_id, _, students in found if students is not None}
    assert 0 < len(shown) < 35
    lowest = min(shown, key=lambda phu_id: shown[phu_id])
    rank = 1 + sum(percent > shown[lowest] for percent in shown.values())
    monkeypatch.setenv("WAREHOUSES", str(path))
    monkeypatch.setenv("RELEASE", "1")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.selectbox(key="unit").set_value(lowest).run()
    assert not app.exception
    page = " ".join(element.proto.body for element in app.get("html"))
    assert f"Rank {rank} of the {len(shown)} public health units not withheld, highest first" in page
    # Nobody knows how many students a unit has where that is withheld.
    peers = app.multiselect(key=f"peers-{lowest}-12").value
    assert len(peers) == 5 and set(peers) <= set(sizes)
    app.selectbox(key="language").set_value("fr").run()
    page = " ".join(element.proto.body for element in app.get("html"))
    assert f"Rang {rank} sur les {len(shown)} bureaux de santé publique dont la valeur n’est pas supprimée" in page


def test_a_release_is_shown_as_it_was_published_and_not_before(demonstration, tmp_path, capsys):
    path = changed(demonstration.warehouse, tmp_path)
    assert write_reports(tmp_path, path, "--release") == 1
    assert "has not been published" in capsys.readouterr().err
    ((build_id,),) = demonstration.rows("select build_id from published.releases")
    kept = path.with_name(f"{path.name}.releases") / f"2018-19 6 {build_id}.duckdb"
    kept.parent.mkdir()
    ((phu_id,),) = demonstration.rows(
        "select max(phu_id) from published.measures "
        "where measure = 'coverage' and antigen = 'measles' and age = 12 and percent is not null"
    )
    # Publishing withholds what its attack cannot show to be safe, or what an earlier release withheld.
    with duckdb.connect(str(kept)) as connection:
        connection.execute(f"attach '{path}' as built (read_only)")
        connection.execute("create schema published")
        for table in ("measures", "school_assignment", "releases", "antigen_definitions"):
            connection.execute(f"create table published.{table} as from built.published.{table}")
        connection.execute(
            "update published.measures set students_counted = null, percent = null, map_category = null, "
            f"withheld_reason = 'withheld' where measure = 'coverage' and antigen = 'measles' and age = 12 "
            f"and phu_id = '{phu_id}'"
        )
    warehouse = Warehouse(path, release=True)
    cell = ("measles", 12, phu_id)
    [row] = [row for row in warehouse.coverage if (row["antigen"], row["age"], row["phu_id"]) == cell]
    assert row["coverage_percent"] is None and row["withheld"] == {"coverage_percent"}
    assert warehouse.suppress_below == 6 and warehouse.build.build_id == build_id
    assert warehouse.school_assignment and warehouse.antigen_definitions and warehouse.goals


def test_an_internal_report_is_for_its_owner_alone_and_says_so(reports):
    for path in reports.values():
        assert path.stat().st_mode & 0o077 == 0
    assert "Internal." in reports["en"].read_text(encoding="utf-8")


def test_what_cannot_be_read_is_one_sentence(released, tmp_path, capsys):
    assert write_reports(tmp_path, tmp_path / "none.duckdb") == 1
    assert "There is no warehouse" in capsys.readouterr().err
    (tmp_path / "text.duckdb").write_text("not a database", encoding="utf-8")
    with pytest.raises(WarehouseError, match="cannot be opened"):
        Warehouse(tmp_path / "text.duckdb")
    with pytest.raises(RuntimeError, match="wrote no PDF"):
        printing.print_pdf(str(tmp_path / "none"), tmp_path / "page.html", tmp_path / "page.pdf", private=True)
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with pytest.raises(WarehouseError, match="has no table published.measures"):
        Warehouse(tmp_path / "empty.duckdb", release=True)
    # What `make publish` writes has no goals' categories: a report is made from the warehouse.
    path = changed(released / "release.duckdb", tmp_path, "drop schema annex cascade")
    assert write_reports(tmp_path, path, "--release") == 1
    assert "has no table annex.coverage_goals" in capsys.readouterr().err


def test_a_connection_reads_the_warehouse_and_no_other_file(demonstration):
    connection = Warehouse(demonstration.warehouse).connection
    for query in (f"from read_text('{__file__}')", f"attach '{demonstration.warehouse.with_name('other')}' as other"):
        with pytest.raises(duckdb.PermissionException):
            connection.execute(query)
    with pytest.raises(duckdb.InvalidInputException):
        connection.execute("set enable_external_access = true")


def test_with_a_clock_that_was_set_back_the_build_is_that_of_the_tables(demonstration, tmp_path):
    later = (
        "insert into marts.builds "
        "select * replace ('earlier' as build_id, built_at + interval 1 year as built_at) from marts.builds"
    )
    warehouse = Warehouse(changed(demonstration.warehouse, tmp_path, later))
    assert warehouse.build.build_id == demonstration.rows("select any_value(build_id) from marts.coverage")[0][0]


def test_what_a_killed_report_left_in_the_temporary_folder_goes_with_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    names = ["coverage_report_999999999_x", f"coverage_report_{os.getpid()}_x", "coverage_report_of_mine", "others"]
    for name in names:
        (tmp_path / name).mkdir()
    printing.remove_leftovers()
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])


@long
def test_marts_beyond_coverage_are_read_when_they_are_asked_for_of_the_same_build(demonstration, tmp_path):
    path = changed(demonstration.warehouse, tmp_path)
    read = Warehouse(path).read_all()
    assert read.indicators == Warehouse(demonstration.warehouse).indicators
    assert read.indicators["dose_coverage"]
    later = Warehouse(path).read_all()
    with duckdb.connect(str(path)) as connection:
        connection.execute("update marts.coverage set build_id = 'later'")
        connection.execute("update marts.builds set build_id = 'later'")
    with pytest.raises(WarehouseError, match="Another build was published"):
        _ = later.indicators
