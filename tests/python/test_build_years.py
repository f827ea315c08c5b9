"""Several school years in one warehouse: a build adds its year or replaces it, and leaves every other row by row."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import ICW, ROOT, copy_project, dbt_folders, edit_rules, long, run_compare

from immunization_coverage.build import builder
from immunization_coverage.report import document
from immunization_coverage.report.warehouse import Warehouse
from immunization_coverage.years import BuiltYear

# Generic tests of tables have nothing to do with years, and take a third of a build.
BUILD = ("build", "--exclude", "test_type:generic")
WITHOUT_CHANGE = {"COVERAGE_CHANGE": "0"}
MERGED = ("Toronto Public Health", "Algoma Public Health Unit")
YEARS = (2016, 2017, 2018)
KEPT = ("marts", "schools", "published")


def label(year: int) -> str:
    return f"{year}-{(year + 1) % 100:02d}"


def hashes(warehouse: Path, school_year: str, definitions: str | None = None) -> dict[str, tuple[int, int]]:
    """
    Of each table that keeps years: how many rows a year has by some definitions, and a hash of them. A change is of two
    years.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select distinct table_schema || '.' || table_name from information_schema.columns "
            "where list_contains(?, table_schema) and column_name = 'school_year' and table_name not in "
            "('builds', 'build_measures', 'coverage_change')",
            [list(KEPT)],
        ).fetchall()
        return {
            table: connection.execute(
                f"select count(*), bit_xor(hash(rows)) from {table} as rows where school_year = ? and definitions = ?",
                [school_year, definitions or school_year],
            ).fetchall()[0]
            for (table,) in sorted(tables)
        }


@pytest.fixture(scope="module")
def extracts(tmp_path_factory) -> Path:
    """A folder with the extracts of three years, each in its own folder."""
    folder = tmp_path_factory.mktemp("extracts")
    for year in YEARS:
        subprocess.run(
            [sys.executable, ROOT / "scripts" / "generate_extracts.py", folder / str(year), "--students", "1200",
             "--seed", str(year), "--school-year", str(year), "--format", "csv"],
            check=True, capture_output=True,
        )  # fmt: skip
    return folder


def icw(warehouse: Path, extracts: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [ICW, *arguments],
        env=os.environ | {
            "WAREHOUSE_PATH": str(warehouse), "EXTRACTS_DIR": str(extracts), "NO_COLOR": "1",
        } | dbt_folders(warehouse.parent) | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def three_years(extracts, tmp_path_factory) -> Path:
    warehouse = tmp_path_factory.mktemp("built") / "warehouse.duckdb"
    icw(warehouse, extracts, *BUILD, YEARS=" ".join(map(str, YEARS)), **WITHOUT_CHANGE)
    return warehouse


@long
def test_each_year_is_kept_as_its_own_build_made_it(three_years):
    with duckdb.connect(str(three_years), read_only=True) as connection:
        built = connection.execute(
            "select school_year, count(distinct build_id), sum(students) > 0 from marts.coverage "
            "where geography = 'province' group by all order by all"
        ).fetchall()
        assert built == [(label(year), 1, True) for year in YEARS]
        # The last one is the year of the tables of persons.
        assert connection.execute("select distinct school_year from assessment.students").fetchall() == [("2018-19",)]


@long
def test_the_middle_year_again_changes_no_row_of_others_and_keeps_persons_asked_for(three_years, extracts, tmp_path):
    warehouse = Path(shutil.copy(three_years, tmp_path / "warehouse.duckdb"))
    before = {year: hashes(warehouse, label(year)) for year in YEARS}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        persons = {table: connection.execute(f"select count(*), bit_xor(hash(rows)) from assessment.{table} as rows")
                   .fetchall() for table in ("students", "doses", "next_doses", "refused_doses")}  # fmt: skip
    icw(
        warehouse, extracts / "2017", *BUILD, "--school-year", "2017", "--keep-assessment", "2018", **WITHOUT_CHANGE
    )  # fmt: skip
    after = {year: hashes(warehouse, label(year)) for year in YEARS}
    assert after[2016] == before[2016]
    assert after[2018] == before[2018]
    assert after[2017] != before[2017], "the build_id of the year is another"
    assert {table: rows for table, (rows, _) in after[2017].items()} == {
        table: rows for table, (rows, _) in before[2017].items()
    }
    assert sum(rows for rows, _ in before[2016].values()) > 1000
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("select distinct school_year from assessment.students").fetchall() == [("2017-18",)]
        for table, kept in persons.items():
            query = f"select count(*), bit_xor(hash(rows)) from assessment_2018_19.{table} as rows"
            assert connection.execute(query).fetchall() == kept, table


@pytest.fixture(scope="module")
def what_if(three_years, extracts, tmp_path_factory) -> Path:
    """The three years, and the last one by the definitions of the one before."""
    warehouse = Path(shutil.copy(three_years, tmp_path_factory.mktemp("what_if") / "warehouse.duckdb"))
    icw(warehouse, extracts / "2018", *BUILD, "--school-year", "2018", "--definitions-of", "2017")
    return warehouse


@long
def test_a_year_by_the_definitions_of_another_stands_beside_the_year_as_it_is_reported(three_years, what_if):
    for year in YEARS:
        assert hashes(what_if, label(year)) == hashes(three_years, label(year)), year
    added = hashes(what_if, "2018-19", "2017-18")
    assert all(rows for table, (rows, _) in added.items() if table != "marts.extracts_read"), added
    with duckdb.connect(str(what_if), read_only=True) as connection:
        ages = dict(connection.execute(
            "select definitions, list(distinct age order by age) from marts.coverage "
            "where school_year = '2018-19' group by all"
        ).fetchall())  # fmt: skip
        persons = connection.execute("select count(*), bit_xor(hash(rows)) from assessment.doses as rows").fetchall()
    with duckdb.connect(str(three_years), read_only=True) as connection:
        before = connection.execute("select count(*), bit_xor(hash(rows)) from assessment.doses as rows").fetchall()
    # Measles at 8 to 11 and 13 to 16 is assessed from 2018-19 on.
    assert ages == {"2018-19": list(range(7, 18)), "2017-18": [7, 12, 17]}
    assert persons == before


@long
def test_report_and_explorer_show_a_what_if_where_it_is_chosen_and_mark_it(what_if):
    shown = Warehouse(what_if)
    assert shown.year == BuiltYear("2018-19", "2018-19")
    assert {row["definitions"] for row in shown.coverage} == {"2018-19"}
    (other,) = shown.what_ifs()
    assert other.year == BuiltYear("2018-19", "2017-18")
    assert {row["definitions"] for row in other.coverage} == {"2017-18"}
    for code, said in (
        ("en", "What-if, not the reported coverage of 2018\u201319: by the definitions of 2017\u201318."),
        ("fr", "Simulation, et non la couverture publiée de 2018-2019\xa0: selon les définitions de 2017-2018."),
    ):
        assert said in document.render(other, code)
        assert said not in document.render(shown, code)
        assert document.file_name(other, code) == f"immunization-coverage-2018-19-by-2017-18-internal-{code}.html"


@long
def test_what_ifs_are_removed_by_their_definitions(what_if, tmp_path):
    warehouse = Path(shutil.copy(what_if, tmp_path / "warehouse.duckdb"))
    said = icw(warehouse, tmp_path, "remove", "2018", "--definitions", "2017-18")
    assert "2018-19 by the definitions of 2017-18 was removed" in said
    assert hashes(warehouse, "2018-19") == hashes(what_if, "2018-19")
    assert all(rows == 0 for rows, _ in hashes(warehouse, "2018-19", "2017-18").values())


@pytest.fixture(scope="module")
def changed_rules(extracts, tmp_path_factory) -> Path:
    """
    Two years: from 2018-19 on measles 1 is valid from 14 months, Algoma is part of Toronto, and a tenth of the doses
    was recorded months after the assessment date.
    """
    folder = tmp_path_factory.mktemp("changed")
    project = copy_project(folder / "project")
    own = folder / "extracts"
    for year in (2017, 2018):
        shutil.copytree(extracts / str(year), own / str(year))
    with (extracts / "2018" / "immunizations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[::10]:
        row["recorded_date"] = "2020-05-01"
    with (own / "2018" / "immunizations.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    def from_2018(rows: list[dict[str, str]]) -> None:
        (rule,) = [row for row in rows if row["rule_id"] == "MEA-1"]
        rows.append(rule | {"age_from": "14 months", "school_year_from": "2018"})
        rule["school_year_before"] = "2018"

    def ends(rows: list[dict[str, str]]) -> None:
        (unit,) = [row for row in rows if row["phu_id"] == "AL"]
        unit["school_year_before"] = "2018"

    edit_rules(project, "dose_rules", from_2018)
    edit_rules(project, "public_health_units", ends)
    edit_rules(project, "public_health_unit_mergers", lambda rows: rows.append({"phu_id": "AL", "merged_into": "TO"}))
    warehouse = folder / "warehouse.duckdb"
    icw(warehouse, own, *BUILD, YEARS="2017 2018", ICW_PROJECT=str(project))
    return warehouse


@long
def test_a_changed_rule_is_the_definitions_part_of_a_change_as_two_builds_compare(changed_rules, three_years, tmp_path):
    output = tmp_path / "compared.csv"
    done = run_compare("coverage", "--output", output, now=changed_rules, earlier=three_years)
    assert done.returncode == 0, done.stderr
    with output.open(encoding="utf-8", newline="") as file:
        compared = {
            (row["phu_name"], int(row["age"])): float(row["points_changed"])
            for row in csv.DictReader(file)
            if row["antigen"] == "measles" and row["points_changed"] and row["phu_name"] not in MERGED
        }  # fmt: skip
    with duckdb.connect(str(changed_rules), read_only=True) as connection:
        parts = connection.execute(
            "select coalesce(phu_name, ''), age, definitions_points from marts.coverage_change "
            "where antigen = 'measles' and school_year = '2018-19' and school_year_before = '2017-18'"
        ).fetchall()
    assert any(float(points) < -1 for _, _, points in parts)
    for phu_name, age, points in parts:
        if phu_name not in MERGED:
            assert float(points) == pytest.approx(compared.get((phu_name, age), 0), abs=1e-6), (phu_name, age)


@long
def test_a_merger_changes_no_number_of_the_province(changed_rules, three_years):
    query = (
        "select age, antigen, students, students_up_to_date from marts.coverage where geography = 'province' "
        "and school_year = '2018-19' and definitions = school_year and antigen <> 'measles' order by all"
    )
    found = []
    for warehouse in (changed_rules, three_years):
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found.append(connection.execute(query).fetchall())
    assert found[0] == found[1]
    with duckdb.connect(str(changed_rules), read_only=True) as connection:
        units = connection.execute(
            "select phu_id, sum(students_before), (select sum(students) from marts.coverage where age = 7 "
            "and antigen = 'polio' and school_year = '2017-18' and phu_id in ('AL', 'TO')) "
            "from marts.coverage_change where antigen = 'polio' and age = 7 and phu_id in ('AL', 'TO') group by all"
        ).fetchall()
    assert [(phu_id, before == parts) for phu_id, before, parts in units] == [("TO", True)]


@long
def test_every_part_of_a_change_is_there_and_they_add_up(changed_rules):
    with duckdb.connect(str(changed_rules), read_only=True) as connection:
        [(rows, complete, exact, by_reporting)] = connection.execute(
            "select count(*), count(definitions_points + reporting_points + composition_points + rest_points), "
            "count_if(definitions_points + reporting_points + composition_points + rest_points = change_points), "
            "count_if(reporting_points <> 0) from marts.coverage_change"
        ).fetchall()
        kept = connection.execute(
            "select distinct school_year, left(definitions, 20) from marts.coverage where definitions <> school_year "
            "order by all"
        ).fetchall()
    assert rows > 100
    assert complete == exact == rows
    assert by_reporting > 0
    assert kept == [("2018-19", "2017-18"), ("2018-19", "2018-19, recorded by")]


@long
def test_a_removed_year_is_gone_and_the_others_are_as_they_were(three_years, tmp_path):
    warehouse = Path(shutil.copy(three_years, tmp_path / "warehouse.duckdb"))
    before = {year: hashes(warehouse, label(year)) for year in YEARS}
    said = icw(warehouse, tmp_path, "remove", "2017")
    assert "2017-18 was removed" in said
    assert all(rows == 0 for rows, _ in hashes(warehouse, "2017-18").values())
    assert {year: hashes(warehouse, label(year)) for year in (2016, 2018)} == {
        year: before[year] for year in (2016, 2018)
    }
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("select distinct school_year from marts.builds order by all").fetchall() == [
            ("2016-17",), ("2018-19",)
        ]  # fmt: skip


@long
def test_the_year_that_was_built_last_cannot_be_removed_nor_one_that_is_not_there(three_years):
    for year, why in ((2018, "2018-19 was built last"), (2015, "has no school year 2015-16")):
        before = three_years.read_bytes()
        refused = subprocess.run(
            [ICW, "remove", str(year)],
            env=os.environ | {"WAREHOUSE_PATH": str(three_years)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert refused.returncode == 1
        assert why in refused.stdout
        assert three_years.read_bytes() == before


def test_years_without_a_folder_and_years_named_twice_are_refused(extracts, tmp_path):
    for years, why in (("2016 2019", f"There is no folder {extracts / '2019'}"), ("2016 2016", "with 2016")):
        refused = subprocess.run(
            [ICW, "build"],
            env=os.environ
            | {"WAREHOUSE_PATH": str(tmp_path / "w.duckdb"), "EXTRACTS_DIR": str(extracts), "YEARS": years},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert refused.returncode == 1
        assert why in refused.stdout
        assert not (tmp_path / "w.duckdb").exists()


@long
def test_a_year_that_was_not_built_last_can_be_published_alone(three_years, tmp_path):
    icw(three_years, tmp_path, "publish", str(tmp_path / "published"), "--years", "2017")
    with duckdb.connect(str(tmp_path / "published" / "immunization_coverage.duckdb"), read_only=True) as connection:
        for table in ("measures", "school_assignment", "antigen_definitions", "releases"):
            years = connection.execute(f"select distinct school_year from published.{table}").fetchall()
            assert years == [("2017-18",)], table


def test_the_checks_of_one_exports_own_year_hold_for_the_last_year_only(tmp_path, monkeypatch):
    monkeypatch.setenv("EXTRACTS_DIR", str(tmp_path))
    monkeypatch.setenv("YEARS", "2018 2017")
    monkeypatch.setenv("ACCEPT", "students_without_doses")
    first, last = builder.years_of(["--vars", "{suppress_below: 11}"])
    assert [str(builder.year_of(year.arguments)) for year in (first, last)] == ["2017-18", "2018-19"]
    assert first.extracts == last.extracts == str(tmp_path)
    assert first.accepted.split() == ["students_without_doses", *builder.CHECKS_OF_LAST_YEAR]
    assert last.accepted == "students_without_doses"
    assert builder.vars_of(last.arguments)["suppress_below"] == "11"
    (tmp_path / "2017").mkdir()
    (tmp_path / "2018").mkdir()
    assert [year.accepted for year in builder.years_of([])] == ["students_without_doses"] * 2
