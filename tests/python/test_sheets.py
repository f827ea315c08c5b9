"""The sheets of public health units: every number is its mart's, on two pages at most, in both languages."""

import re
import shutil
import statistics

import duckdb
import pytest
from conftest import few, long
from lxml import html
from pages import WIDTHS, Page, percent
from pdfs import empty_headings, fonts_of, pages_of, violations

from immunization_coverage.release.publish import main as publish
from immunization_coverage.report import document
from immunization_coverage.report.errors import WarehouseError
from immunization_coverage.report.figures import distance
from immunization_coverage.report.language import LANGUAGES, Language
from immunization_coverage.report.printing import find_browser, print_pdf
from immunization_coverage.report.sheets import Sheet, Units
from immunization_coverage.report.warehouse import STATUS_GROUPS, Warehouse

COHORTS = (7, 12, 17)


@pytest.fixture(scope="module")
def two_years(demonstration, tmp_path_factory):
    """The demonstration beside a year before it with fewer students up to date, and every school below its goal."""
    path = tmp_path_factory.mktemp("years") / "two.duckdb"
    shutil.copy(demonstration.warehouse, path)
    with duckdb.connect(str(path)) as connection:
        tables = connection.execute(
            "select table_schema, table_name, list(column_name) from information_schema.columns "
            "where table_schema in ('marts', 'schools') group by all"
        ).fetchall()
        for schema, table, columns in tables:
            if {"school_year", "definitions", "build_id"} <= set(columns):
                connection.execute(
                    f"insert into {schema}.{table} select * replace ('2017-18' as school_year, "
                    f"'2017-18' as definitions, 'before' as build_id) from {schema}.{table}"
                )
        connection.execute(
            "update marts.coverage set students_up_to_date = students_up_to_date // 2, "
            "coverage_percent = 100.0 * (students_up_to_date // 2) / nullif(students, 0) where school_year = '2017-18'"
        )
        connection.execute("update marts.antigen_definitions set change = null")
        connection.execute(
            "update schools.coverage set is_withheld = false, students = 40, students_up_to_date = 35, "
            "coverage_percent = 89.5, school_name = school_name || ' Catholic Elementary School' "
            "where age in (7, 12, 17) and antigen = 'measles'"
        )
    return path


def units_of(path, **settings):
    return Units(Warehouse(path, school_year="2018-19"), **settings)


def tables(text: str, kind: str) -> dict[tuple[int, str], list[str]]:
    """The numbers of a table's rows, by age and antigen; every designated disease has no antigen."""
    tree = html.document_fromstring(text)
    found = {}
    for table in tree.xpath(f"//table[@class='{kind}']"):
        for row in table.xpath("tbody/tr"):
            cells = [cell.text_content() for cell in row.xpath("td[contains(@class, 'n') and @class='n']")]
            found[int(table.get("data-age")), row.get("data-antigen")] = cells
    return found


@pytest.mark.parametrize("code", few(LANGUAGES, 1))
def test_every_number_of_every_sheet_is_the_marts(two_years, code):
    language, units = Language(code), units_of(two_years)
    with duckdb.connect(str(two_years), read_only=True) as connection:
        marts = {
            (year, phu, age, antigen or ""): (students, up_to_date, goal)
            for year, phu, age, antigen, students, up_to_date, goal in connection.execute(
                "select school_year, phu_id, age, antigen, students, students_up_to_date, goal_percent "
                "from marts.coverage union all select school_year, phu_id, age, null, students, students_up_to_date, "
                "null from marts.coverage_all_ispa"
            ).fetchall()
        }
        missing = {
            key: dict(zip(("n", *STATUS_GROUPS), counts, strict=True))
            for *key, counts in (
                (phu, age, antigen, counts)
                for phu, age, antigen, *counts in connection.execute(
                    "select phu_id, age, antigen, sum(students) filter (status <> 'up_to_date'), "
                    "sum(students) filter (status = 'no_record'), "
                    "sum(students) filter (status in ('no_dose', 'doses_refused', 'series_incomplete')), "
                    "sum(students) filter (status like 'exempt%') from marts.not_up_to_date_reasons "
                    "where school_year = '2018-19' group by all"
                ).fetchall()
            )
            for key in [tuple(key)]
        }
    checked = 0
    for phu in units.with_students:
        text = document.render_sheet(units, language, phu)
        shown = tables(text, "coverage")
        own = {key[2:] for key in marts if key[:2] == ("2018-19", phu["phu_id"]) and key[2] in COHORTS}
        assert set(shown) == own
        for (age, antigen), (coverage, gap, province, middle, before, change) in shown.items():
            students, up_to_date, goal = marts["2018-19", phu["phu_id"], age, antigen]

            def said(year, phu_id, key=(age, antigen)):
                of_students, count, _ = marts[(year, phu_id, *key)]
                return percent(count, of_students, code) if of_students else language("no_students")

            few = "†" if 0 < students < 20 else ""
            assert coverage == said("2018-19", phu["phu_id"]) + few
            assert province == said("2018-19", None)
            values = [
                100 * count / of_students
                for (year, phu_id, *key), (of_students, count, _) in marts.items()
                if year == "2018-19" and phu_id and key == [age, antigen] and of_students
            ]
            assert middle == language.percent(statistics.median(values))
            assert before == said("2017-18", phu["phu_id"])
            if students:
                row = {"coverage_percent": 100 * up_to_date / students, "withheld": frozenset()}
                assert gap == distance(language, row, "coverage_percent", goal)
                ends = [
                    float(re.sub(r"[^0-9,.]", "", text).replace(",", ".")) for text in (coverage, before)
                ]
                assert float(change.replace(",", ".").replace("\u2212", "-")) == pytest.approx(ends[0] - ends[1])
            checked += 1
        for (age, antigen), cells in tables(text, "missing").items():
            counts = missing[phu["phu_id"], age, antigen]
            students, up_to_date, _ = marts["2018-19", phu["phu_id"], age, antigen]
            assert counts["n"] == students - up_to_date == sum(counts[key] or 0 for key in STATUS_GROUPS)
            for cell, count in zip(cells, counts.values(), strict=True):
                expected = language("sheet.count", count=count or 0, percent=percent(count or 0, students, code))
                assert cell == expected
            checked += 1
    assert checked > 1000


def test_schools_are_named_only_where_they_are_asked_for_and_never_in_a_release(two_years):
    language = Language("en")
    [toronto] = units_of(two_years).named(["toronto"])
    without = document.render_sheet(units_of(two_years), language, toronto)
    assert "class=\"schools\"" not in without and language("sheet.schools") not in without
    units = units_of(two_years, schools=True)
    schools = units.warehouse.rows(
        "select * from schools.coverage where school_year = ? and phu_id = 'TO' and age = 7 and antigen = ? "
        "order by coverage_percent, school_name, school_id",
        [units.warehouse.school_year, units.antigen_of_schools],
    )
    text = document.render_sheet(units, language, toronto)
    tree = html.document_fromstring(text)
    rows = tree.xpath("//table[@class='schools'][@data-age='7']/tbody/tr")
    expected = [[school["school_name"], "40", "35", "89.5%"] for school in schools[:5]]
    assert [[cell.text_content() for cell in row] for row in rows] == expected
    for school in schools:
        if school["is_withheld"]:
            assert school["school_name"] not in text
    released = Units(Warehouse(two_years, school_year="2018-19"), schools=True)
    released.warehouse.release = True
    assert not Units(released.warehouse, schools=True).shows_schools


@long
def test_a_release_withholds_what_is_withheld_and_has_no_reasons(demonstration, tmp_path):
    path, folder = tmp_path / "warehouse.duckdb", tmp_path / "published"
    shutil.copy(demonstration.warehouse, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PATH", str(path))
        assert publish(folder) == 0
    units = Units(Warehouse(path, release=True))
    language = Language("en")
    with duckdb.connect(str(folder / "immunization_coverage.duckdb"), read_only=True) as connection:
        withheld = set(
            connection.execute(
                "select phu_id, age, antigen from published.measures where measure = 'coverage' and "
                "withheld_reason is not null"
            ).fetchall()
        )
    assert withheld
    for phu in units.with_students:
        text = document.render_sheet(units, language, phu)
        assert language("sheet.missing_release") in text and "<table class=\"missing\"" not in text
        for (age, antigen), cells in tables(text, "coverage").items():
            if (phu["phu_id"], age, antigen) in withheld:
                assert cells[:2] == [language("withheld"), "–"]


@long
def test_a_unit_is_found_by_id_and_name_and_one_without_students_has_no_sheet(demonstration, tmp_path, capsys):
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(demonstration.warehouse, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update marts.coverage set students = 0, students_up_to_date = 0, coverage_percent = null, "
            "map_category = null where phu_id = 'TI'"
        )
    units = Units(Warehouse(path))
    for name in ("TO", "to", "Toronto", "Toronto Public Health", "Bureau de santé de Toronto"):
        if name.startswith("Bureau"):
            name = Language("fr").phu({"phu_id": "TO", "phu_name": ""}, "name")
        assert [phu["phu_id"] for phu in units.named([name])] == ["TO"]
    for name in ("Nowhere", "TI"):
        with pytest.raises(WarehouseError) as raised:
            units.named([name])
        assert name in str(raised.value)
        assert name in raised.value.sentence(Language("fr"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PATH", str(path))
        assert document.main(tmp_path / "sheets", pdf=False, units=[]) == 0
    said = capsys.readouterr().out
    assert "No sheet for 1 without students" in said and "Timiskaming" in said
    files = {file.name for file in (tmp_path / "sheets").iterdir()}
    assert len(files) == 2 * (len(units.warehouse.phus) - 1)
    assert "immunization-coverage-TO-2018-19-internal-fr.html" in files
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "sheets").iterdir())


def test_a_title_names_an_antigen_only_where_it_is_furthest_alone(demonstration):
    units = units_of(demonstration.warehouse)
    row = {"age": 7, "goal_percent": 95.0, "map_category": 1, "withheld": frozenset(), "is_few": False}
    for code in LANGUAGES:
        sheet = Sheet(units, Language(code), units.with_students[0])

        def title(*percents, sheet=sheet, withheld=()):
            rows = [
                row | {"antigen": antigen, "coverage_percent": value, "map_category": 5 if value and value >= 95 else 1}
                for antigen, value in zip(("measles", "mumps", "polio"), percents, strict=True)
            ]
            for place in withheld:
                rows[place] |= {"withheld": frozenset({"coverage_percent"}), "coverage_percent": None}
            return sheet.coverage_title(7, rows)

        measles = Language(code).antigen("measles", "plain")
        assert measles in title(80.0, 90.0, 96.0)
        for tied in (title(80.0, 80.04, 96.0), title(96.0, 97.0, 95.0), title(95.0, 95.0, 95.0)):
            assert measles not in tied and not re.search(r"[{}]", tied)
        assert Language(code)("left_out.results_released") in title(80.0, 90.0, 1.0, withheld=[2])
        assert measles not in title(80.0, 1.0, 1.0, withheld=[1, 2])
        assert title(None, None, None)


@pytest.mark.parametrize("code", few(LANGUAGES, 1))
def test_a_sheet_is_two_pages_at_most_and_good_on_every_screen(browser, two_years, tmp_path, code):
    units = units_of(two_years, schools=True)
    sizes = {
        row["phu_id"]: row["students"]
        for row in units.warehouse.coverage if row["age"] == 7 and row["antigen"] == "measles"
    }  # fmt: skip
    by_size = sorted(units.with_students, key=lambda phu: sizes[phu["phu_id"]])
    merged = next(phu for phu in by_size if Sheet(units, Language(code), phu).parts())
    for phu in (by_size[0], merged, by_size[-1]):
        page = tmp_path / f"{phu['phu_id']}.html"
        page.write_text(document.render_sheet(units, Language(code), phu), encoding="utf-8")
        print_pdf(find_browser(), page, page.with_suffix(".pdf"), private=True)
        pages = pages_of(page.with_suffix(".pdf"))
        assert len(pages) <= 2, phu
        fonts = fonts_of(page.with_suffix(".pdf"))
        assert all(kind.startswith("/CIDFontType") and is_embedded for kind, _, is_embedded in fonts)
    assert violations(page.with_suffix(".pdf")) == "" and empty_headings(page.with_suffix(".pdf")) == 0
    for width in WIDTHS:
        with Page(browser, width) as opened:
            opened.page.goto(page.as_uri())
            opened.page.evaluate("document.fonts.ready")
            assert opened.overlaps() == []
            assert opened.sticks_out() <= 0
            assert opened.violations() == []
            assert opened.complaints == [] and opened.requests == []
