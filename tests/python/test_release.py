"""The published tables under attack, and the files that are written from them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import publish
import pytest
from attack_release import Release, attack, attack_warehouse, published, rows_of, true_counts
from conftest import ROOT, Build, run_dbt
from random_marts import write_marts

MODELS = ("int_release_cells", "int_release_decisions", "published_measures", "published_school_assignment")
MARTS = ("coverage", "coverage_all_ispa", "series_uptake", "exemptions", "exemptions_any_ispa", "school_assignment")


# Small and large counts, few and many units, both thresholds; between them every reason occurs.
SEEDS = (0, 1, 4, 5)


def compiled(target: Path) -> dict[str, tuple[str, str]]:
    """The SQL of the models that decide a release, and the table that each makes."""
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    nodes = {name: manifest["nodes"][f"model.immunization_coverage.{name}"] for name in MODELS}
    return {name: (f"{node['schema']}.{node['alias']}", node["compiled_code"]) for name, node in nodes.items()}


@pytest.fixture(scope="module")
def sql_at(demonstration: Build, tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, tuple[str, str]]]:
    """The same SQL at the thresholds 6 and 11."""
    folder = tmp_path_factory.mktemp("eleven")
    build = run_dbt(
        "compile", "--select", *MODELS, "--vars", "suppress_below: 11", warehouse=folder / "demonstration.duckdb"
    )
    assert build.returncode == 0, build.output
    return {6: compiled(demonstration.warehouse.with_suffix(".target")), 11: compiled(folder / "demonstration.target")}


@pytest.fixture(scope="module")
def workshop(demonstration: Build, tmp_path_factory: pytest.TempPathFactory):
    """A database of the demonstration's name with its marts, in which releases are made again."""
    database = tmp_path_factory.mktemp("workshop") / "demonstration.duckdb"
    shutil.copy(demonstration.warehouse, database)
    with duckdb.connect(str(database)) as connection:
        yield connection


def release_of(connection: duckdb.DuckDBPyConnection, sql: dict[str, tuple[str, str]], suppress_below: int) -> Release:
    for table, query in sql.values():
        connection.execute(f"create or replace table {table} as {query}")
    connection.execute(f"create or replace table published.releases as select {suppress_below} as suppress_below")
    return published(connection)


@dataclass
class Case:
    name: str
    release: Release
    true_counts: Release


@pytest.fixture(scope="module")
def cases(workshop, sql_at) -> list[Case]:
    made = []
    for suppress_below in (6, 11):
        release = release_of(workshop, sql_at[suppress_below], suppress_below)
        made.append(Case(f"demonstration at {suppress_below}", release, true_counts(workshop, suppress_below)))
    for seed in SEEDS:
        write_marts(workshop, seed)
        suppress_below = (6, 11)[seed % 2]
        release = release_of(workshop, sql_at[suppress_below], suppress_below)
        made.append(Case(f"seed {seed} at {suppress_below}", release, true_counts(workshop, suppress_below)))
    return made


def key(row: dict) -> tuple:
    return row["measure"], row["phu_id"], row["age"], row["antigen"], row["gender"]


def printing(case: Case, reasons: set[str]) -> Release:
    """The release with what was withheld for these reasons printed after all."""
    true_rows = {key(row): row for row in case.true_counts.measures}
    rows = [
        row | {"students_counted": true_rows[key(row)]["students_counted"], "withheld_reason": None}
        if row["withheld_reason"] in reasons else row
        for row in case.release.measures
    ]
    return Release(rows, case.release.school_assignment, case.release.suppress_below)


def test_the_built_release_withstands_the_attack(demonstration):
    with duckdb.connect(str(demonstration.warehouse), read_only=True) as connection:
        assert attack_warehouse(connection) == []


def test_releases_withstand_the_attack_at_six_and_eleven(cases):
    assert {case.name: found[:5] for case in cases if (found := attack(case.release, case.true_counts))} == {}


def test_what_is_printed_is_true_and_the_rest_is_withheld_for_every_reason(cases):
    reasons, printed = set(), 0
    for case in cases:
        true_rows = {key(row): row for row in case.true_counts.measures}
        assert {key(row) for row in case.release.measures} == set(true_rows)
        for row in case.release.measures:
            reasons.add(row["withheld_reason"])
            if row["withheld_reason"] is None:
                printed += 1
                assert row["students_counted"] == true_rows[key(row)]["students_counted"], (case.name, key(row))
            else:
                assert row["students_counted"] is row["percent"] is row["map_category"] is None, (case.name, key(row))
            assert row["students"] in (None, true_rows[key(row)]["students"])
    assert printed > 1000
    assert reasons == {
        None, "small_count", "small_remainder", "small_difference", "complementary", "linked", "all_units",
        "small_gender",
    }


def test_withholding_the_small_counts_only_does_not_withstand_the_attack(cases):
    for case in cases[2:4]:
        small_only = printing(case, {"complementary", "linked", "all_units", "small_gender"})
        assert attack(small_only, case.true_counts), case.name


def test_the_unit_that_hides_the_others_is_needed(cases):
    with_hiding_units = [
        case for case in cases if any(row["withheld_reason"] == "complementary" for row in case.release.measures)
    ]
    assert len(with_hiding_units) >= 3
    for case in with_hiding_units[:2]:
        assert attack(printing(case, {"complementary"}), case.true_counts), case.name


def measures_of_eight_year_olds(**counts: int | None) -> list[dict]:
    return [
        {
            "measure": "students", "phu_id": None if unit == "province" else unit, "age": 8, "antigen": None,
            "gender": "all", "students": count, "students_counted": count, "percent": None,
            "withheld_reason": "small_count" if count is None else None,
        }
        for unit, count in counts.items()
    ]


@pytest.mark.parametrize(
    ("printed", "true", "found"),
    [
        # 100 less 97 is 3.
        ({"AL": None, "OT": 97}, {"AL": 3, "OT": 97}, ["follows from sums", "1 possible values"]),
        # Two small counts that add up to 2 are 1 and 1; to 10 below 6, 5 and 5.
        ({"AL": None, "OT": None, "TO": 98}, {"AL": 1, "OT": 1, "TO": 98}, ["1 possible values", "1 possible values"]),
        ({"AL": None, "OT": None, "TO": 90}, {"AL": 5, "OT": 5, "TO": 90}, ["1 possible values", "1 possible values"]),
        # To 6 they are any of 1 and 5 to 5 and 1.
        ({"AL": None, "OT": None, "TO": 94}, {"AL": 2, "OT": 4, "TO": 94}, []),
        ({"AL": 3, "OT": 97}, {"AL": 3, "OT": 97}, ["printed"]),
    ],
)
def test_the_attack_finds_what_can_be_worked_out_by_hand(printed, true, found):
    release = Release(measures_of_eight_year_olds(province=100, **printed), [], 6)
    sentences = attack(release, Release(measures_of_eight_year_olds(province=100, **true), [], 6))
    assert len(sentences) == len(found)
    assert all(piece in sentence for sentence, piece in zip(sentences, found, strict=True))


def test_a_threshold_that_protects_nothing_stops_the_build(tmp_path):
    build = run_dbt("parse", "--vars", "suppress_below: 2", warehouse=tmp_path / "warehouse.duckdb")
    assert build.returncode != 0
    assert "it must be a whole number of at least 3" in build.output


def run_publish(warehouse: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "publish.py", folder], env=os.environ | {"WAREHOUSE_PATH": str(warehouse)},
        capture_output=True, text=True, check=False,
    )


@pytest.fixture(scope="module")
def files(demonstration: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "published"
    done = run_publish(demonstration.warehouse, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_published_table_is_the_same_in_each_form(demonstration, files):
    tables = [
        name for (name,) in demonstration.rows(
            "select table_name from information_schema.tables where table_schema = 'published' order by 1"
        )
    ]
    assert tables == ["antigen_definitions", "data_dictionary", "measures", "releases", "school_assignment"]
    assert {file.name for file in files.iterdir()} == {
        "README.md", "SHA256SUMS", "immunization_coverage.duckdb",
        *(f"{table}.{form}" for table in tables for form in ("csv", "parquet")),
    }
    with duckdb.connect(str(files / "immunization_coverage.duckdb"), read_only=True) as connection:
        ((tags,),) = connection.execute(
            "select tags from duckdb_databases() where database_name = 'immunization_coverage'"
        ).fetchall()
        assert tags["storage_version"] == "v1.0.0+"
        for table in tables:
            rows = demonstration.rows(f"from published.{table} order by all")
            assert rows
            assert connection.execute(f"from published.{table}").fetchall() == rows
            assert connection.execute(f"from '{files}/{table}.parquet'").fetchall() == rows
            read_back = connection.execute(
                f"select * from read_csv('{files}/{table}.csv', header = true, all_varchar = true)"
            ).fetchall()
            assert len(read_back) == len(rows)
        read_back = f"from read_csv('{files}/measures.csv', header = true, all_varchar = true)"
        as_text = "select columns(*)::varchar from published.measures"
        assert connection.execute(as_text).fetchall() == connection.execute(read_back).fetchall()


def test_the_readme_names_the_build_and_every_column(demonstration, files):
    text = (files / "README.md").read_text(encoding="utf-8")
    [(build_id, described)] = demonstration.rows(
        "select any_value(build_id), list(column_name) from published.data_dictionary"
    )
    assert build_id in text
    assert all(f"| {column} |" in text for column in described)
    assert "Synthetic demonstration" in text


def test_a_release_that_can_be_attacked_is_not_published(demonstration, files, tmp_path):
    shutil.copy(demonstration.warehouse, tmp_path / "demonstration.duckdb")
    with duckdb.connect(str(tmp_path / "demonstration.duckdb")) as connection:
        connection.execute(
            "update published.measures as measures "
            "set students_counted = coverage.students_up_to_date, withheld_reason = null from marts.coverage "
            "where measures.measure = 'coverage' and coverage.age = measures.age "
            "and coverage.antigen = measures.antigen and coverage.phu_id = measures.phu_id and coverage.age = 12"
        )
    folder = shutil.copytree(files, tmp_path / "published")
    done = run_publish(tmp_path / "demonstration.duckdb", folder)
    assert done.returncode == 1
    assert "small counts can be derived from the published tables" in done.stdout
    assert (folder / "measures.csv").read_bytes() == (files / "measures.csv").read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".building")]


def test_a_folder_of_other_files_is_never_replaced(demonstration, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("mine", encoding="utf-8")
    done = run_publish(demonstration.warehouse, tmp_path / "home")
    assert done.returncode == 1
    assert "holds other files than a release" in done.stdout and "thesis.txt" in done.stdout
    assert (tmp_path / "home" / "thesis.txt").exists()


@pytest.mark.parametrize("foreign", ["notes.txt", "subfolder", "link.csv", "measures.csv"])
def test_what_a_release_did_not_write_is_left_alone(files, tmp_path, foreign):
    folder = shutil.copytree(files, tmp_path / "published")
    assert publish.not_of_a_release(folder) == []
    if foreign == "subfolder":
        (folder / foreign).mkdir()
    elif foreign == "link.csv":
        (folder / foreign).symlink_to(folder / "README.md")
    else:
        (folder / foreign).write_text("mine", encoding="utf-8")
    with pytest.raises(publish.NotPublished, match=f"holds other files than a release as it was written: {foreign}"):
        publish.publish(files / publish.DATABASE, folder)
    assert os.path.lexists(folder / foreign)


def test_a_missing_warehouse_is_said_in_a_sentence(tmp_path):
    done = run_publish(tmp_path / "warehouse.duckdb", tmp_path / "published")
    assert done.returncode == 1
    assert "There is no warehouse" in done.stdout


@pytest.mark.parametrize("script", ["publish.py", "attack_release.py", "explain.py", "compare.py"])
def test_an_option_is_never_taken_for_a_folder_a_file_or_a_client(demonstration, tmp_path, script):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "scripts" / script, *arguments], cwd=tmp_path, capture_output=True, text=True,
            check=False, env=os.environ | {"WAREHOUSE_PATH": str(demonstration.warehouse)},
        )  # fmt: skip

    asked, wrong = run("--help"), run("--force")
    assert asked.returncode == 0 and asked.stdout.startswith(f"usage: {script}") and "WAREHOUSE_PATH" in asked.stdout
    assert wrong.returncode == 2 and "usage:" in wrong.stderr
    assert not list(tmp_path.iterdir())


def test_a_new_release_replaces_the_old_one_whole(demonstration, files, tmp_path):
    folder = shutil.copytree(files, tmp_path / "published")
    link = tmp_path / "link"
    link.symlink_to(folder)
    before = (folder / "measures.csv").stat().st_ino
    done = run_publish(demonstration.warehouse, link)
    assert done.returncode == 0, done.stdout
    assert link.is_symlink() and (folder / "measures.csv").stat().st_ino != before
    assert {file.name for file in folder.iterdir()} == {file.name for file in files.iterdir()}


def test_the_dictionary_describes_every_published_column(demonstration):
    [(undescribed,)] = demonstration.rows(
        "select count(*) from information_schema.columns as built left join published.data_dictionary as described "
        "on built.table_name = described.table_name and built.column_name = described.column_name "
        "where built.table_schema = 'published' and coalesce(described.description, '') = ''"
    )
    assert undescribed == 0


def test_published_counts_are_those_of_the_marts(demonstration):
    with duckdb.connect(str(demonstration.warehouse), read_only=True) as connection:
        rows = rows_of(connection, "from published.measures where measure = 'coverage' and withheld_reason is null")
        true_rows = {
            (row["phu_id"], row["age"], row["antigen"]): row for row in rows_of(connection, "from marts.coverage")
        }
    assert rows
    for row in rows:
        true_row = true_rows[row["phu_id"], row["age"], row["antigen"]]
        assert row["percent"] == true_row["coverage_percent"]
        assert row["map_category"] == true_row["map_category"]
        assert row["goal_percent"] == true_row["goal_percent"]
