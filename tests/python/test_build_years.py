"""Several school years in one warehouse: a build adds its year or replaces it, and leaves every other row by row."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import ICW, ROOT

from immunization_coverage.build import builder

# Generic tests of tables have nothing to do with years, and take a third of a build.
BUILD = ("build", "--exclude", "test_type:generic")
YEARS = (2016, 2017, 2018)
KEPT = ("marts", "schools", "published")


def label(year: int) -> str:
    return f"{year}-{(year + 1) % 100:02d}"


def hashes(warehouse: Path, school_year: str) -> dict[str, tuple[int, int]]:
    """Of each table that keeps years: how many rows a year has, and a hash of them."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select distinct table_schema || '.' || table_name from information_schema.columns "
            "where list_contains(?, table_schema) and column_name = 'school_year' and table_name not in "
            "('builds', 'build_measures')",
            [list(KEPT)],
        ).fetchall()
        return {
            table: connection.execute(
                f"select count(*), bit_xor(hash(rows)) from {table} as rows where school_year = ?", [school_year]
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
            "DBT_TARGET_PATH": str(warehouse.parent / "target"), "DBT_LOG_PATH": str(warehouse.parent / "logs"),
        } | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def three_years(extracts, tmp_path_factory) -> Path:
    warehouse = tmp_path_factory.mktemp("built") / "warehouse.duckdb"
    icw(warehouse, extracts, *BUILD, YEARS=" ".join(map(str, YEARS)))
    return warehouse


def test_each_year_is_kept_as_its_own_build_made_it(three_years):
    with duckdb.connect(str(three_years), read_only=True) as connection:
        built = connection.execute(
            "select school_year, count(distinct build_id), sum(students) > 0 from marts.coverage "
            "where geography = 'province' group by all order by all"
        ).fetchall()
        assert built == [(label(year), 1, True) for year in YEARS]
        # The last one is the year of the tables of persons.
        assert connection.execute("select distinct school_year from assessment.students").fetchall() == [("2018-19",)]


def test_the_middle_year_again_changes_no_row_of_the_others(three_years, extracts, tmp_path):
    warehouse = Path(shutil.copy(three_years, tmp_path / "warehouse.duckdb"))
    before = {year: hashes(warehouse, label(year)) for year in YEARS}
    icw(warehouse, extracts / "2017", *BUILD, "--school-year", "2017")
    after = {year: hashes(warehouse, label(year)) for year in YEARS}
    assert after[2016] == before[2016]
    assert after[2018] == before[2018]
    assert after[2017] != before[2017], "the build_id of the year is another"
    assert {table: rows for table, (rows, _) in after[2017].items()} == {
        table: rows for table, (rows, _) in before[2017].items()
    }
    assert sum(rows for rows, _ in before[2016].values()) > 1000


def test_a_removed_year_is_gone_and_the_others_are_as_they_were(three_years, tmp_path):
    warehouse = Path(shutil.copy(three_years, tmp_path / "warehouse.duckdb"))
    before = {year: hashes(warehouse, label(year)) for year in YEARS}
    said = icw(warehouse, tmp_path, "remove", "2017")
    assert "2017-18 is removed" in said
    assert all(rows == 0 for rows, _ in hashes(warehouse, "2017-18").values())
    assert {year: hashes(warehouse, label(year)) for year in (2016, 2018)} == {
        year: before[year] for year in (2016, 2018)
    }
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("select distinct school_year from marts.builds order by all").fetchall() == [
            ("2016-17",), ("2018-19",)
        ]  # fmt: skip


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


def test_the_year_that_was_built_last_is_published(three_years, tmp_path):
    icw(three_years, tmp_path, "publish", str(tmp_path / "published"))
    with duckdb.connect(str(tmp_path / "published" / "immunization_coverage.duckdb"), read_only=True) as connection:
        for table in ("measures", "school_assignment", "antigen_definitions", "releases"):
            years = connection.execute(f"select distinct school_year from published.{table}").fetchall()
            assert years == [("2018-19",)], table


def test_the_checks_of_one_exports_own_year_hold_for_the_last_year_only(tmp_path, monkeypatch):
    monkeypatch.setenv("EXTRACTS_DIR", str(tmp_path))
    monkeypatch.setenv("YEARS", "2018 2017")
    monkeypatch.setenv("ACCEPT", "students_without_doses")
    first, last = builder.years_of(["--vars", "{suppress_below: 11}"])
    assert [builder.school_year_of(year.arguments) for year in (first, last)] == ["2017-18", "2018-19"]
    assert first.extracts == last.extracts == str(tmp_path)
    assert first.accepted.split() == ["students_without_doses", *builder.CHECKS_OF_LAST_YEAR]
    assert last.accepted == "students_without_doses"
    assert builder.vars_of(last.arguments)["suppress_below"] == "11"
    (tmp_path / "2017").mkdir()
    (tmp_path / "2018").mkdir()
    assert [year.accepted for year in builder.years_of([])] == ["students_without_doses"] * 2
