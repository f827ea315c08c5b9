"""The project as a package of another dbt project, without its default selector and its overrides of dbt's macros."""

import os
import subprocess

from conftest import DBT, ROOT


def test_a_build_of_another_project_passes_the_unit_tests_of_the_package(tmp_path):
    (tmp_path / "dbt_project.yml").write_text("name: consumer\nversion: '1.0.0'\nprofile: consumer\n", encoding="utf-8")
    (tmp_path / "packages.yml").write_text(f"packages:\n  - local: '{ROOT}'\n", encoding="utf-8")
    (tmp_path / "profiles.yml").write_text(
        "consumer: {target: dev, outputs: {dev: {type: duckdb, path: consumer.duckdb}}}\n", encoding="utf-8"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    environment |= {"EXTRACTS_DIR": "", "NO_COLOR": "1"}
    # A model with unit tests whose rows have empty cells, and what it needs.
    selected = ["--select", "+int_geographies_by_antigen", "--indirect-selection", "buildable"]
    for arguments in (["deps"], ["build", *selected]):
        done = subprocess.run(
            [DBT, "--no-use-colors", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    assert "the_antigens_of_each_measure_are_those_of_the_annex" in done.stdout
    assert (tmp_path / "consumer.duckdb").exists()
