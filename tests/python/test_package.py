"""The project as a package of another dbt project: what it has of dbt's own it has for its own models."""

import os
import subprocess

import duckdb
from conftest import DBT, ROOT, long


def consumer(folder):
    (folder / "dbt_project.yml").write_text("name: consumer\nversion: '1.0.0'\nprofile: consumer\n", encoding="utf-8")
    (folder / "packages.yml").write_text(f"packages:\n  - local: '{ROOT}'\n", encoding="utf-8")
    (folder / "profiles.yml").write_text(
        "consumer: {target: dev, outputs: {dev: {type: duckdb, path: consumer.duckdb}}}\n", encoding="utf-8"
    )


def dbt(folder, *arguments, **settings):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    done = subprocess.run(
        [DBT, "--no-use-colors", *arguments],
        cwd=folder,
        env=environment | {"EXTRACTS_DIR": "", "NO_COLOR": "1"} | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@long
def test_a_build_of_another_project_passes_the_unit_tests_of_the_package(tmp_path):
    consumer(tmp_path)
    dbt(tmp_path, "deps")
    # A model with unit tests whose rows have empty cells, and what it needs.
    output = dbt(tmp_path, "build", "--select", "+int_geographies_by_antigen", "--indirect-selection", "buildable")
    assert "the_antigens_of_each_measure_are_those_of_the_annex" in output
    assert (tmp_path / "consumer.duckdb").exists()


@long
def test_a_build_of_the_other_projects_own_models_is_as_without_the_package(tmp_path):
    consumer(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "own.sql").write_text(
        "{{ config(schema='reports') }}\n"
        "select given.name, {{ dbt.safe_cast(\"''\", dbt.type_string()) }} as empty_text\n"
        "from {{ ref('names') }} as given\n",
        encoding="utf-8",
    )
    (tmp_path / "models" / "own.yml").write_text(
        "unit_tests:\n"
        "  - name: an_empty_text_is_a_text\n"
        "    model: own\n"
        "    given: [{input: ref('names'), rows: [{name: ''}]}]\n"
        "    expect: {rows: [{name: '', empty_text: ''}]}\n",
        encoding="utf-8",
    )
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "names.csv").write_text("name\na\n", encoding="utf-8")
    (tmp_path / "no_extracts").mkdir()
    dbt(tmp_path, "deps")
    # A var of its own, and a folder without extracts, are nothing to a build that has nothing of the package.
    output = dbt(
        tmp_path, "build", "--select", "package:consumer", "--vars", "{own_setting: 1}",
        EXTRACTS_DIR=str(tmp_path / "no_extracts"),
    )
    assert "an_empty_text_is_a_text" in output
    with duckdb.connect(str(tmp_path / "consumer.duckdb"), read_only=True) as connection:
        (row,) = connection.execute("select name, empty_text from main_reports.own").fetchall()
    assert row == ("a", "")


@long
def test_a_second_build_of_another_project_replaces_the_rows_of_its_school_year(tmp_path):
    consumer(tmp_path)
    dbt(tmp_path, "deps")
    counts = []
    for _ in range(2):
        dbt(
            tmp_path, "build", "--select", "+antigen_definitions", "--exclude-resource-type", "unit_test",
            "--indirect-selection", "cautious",
        )  # fmt: skip
        with duckdb.connect(str(tmp_path / "consumer.duckdb"), read_only=True) as connection:
            counts += connection.execute("select count(*) from marts.antigen_definitions").fetchall()
    assert counts[0] == counts[1] != (0,)
