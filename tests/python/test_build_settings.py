"""What a build refuses or does before dbt starts: names, links, modes, vars, limits."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import ROOT, long

from immunization_coverage.build import builder
from immunization_coverage.build.builder import (
    NotPublished,
    Places,
    claim,
    problems_of_environment,
    problems_of_vars,
    project_commit,
    remove_leftovers,
    run_dbt,
    time_limit,
)
from immunization_coverage.build.progress import Progress
from immunization_coverage.warehouse_file import close_to_others, problem_of_mode, problem_of_path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, modes and signals are those of Unix")


@pytest.mark.parametrize(
    "name",
    [
        "a?b.duckdb",
        "a#b.duckdb",
        "a'b.duckdb",
        'a"b.duckdb',
        "a;b.duckdb",
        "main.duckdb",
        "temp.duckdb",
        "System.duckdb",
    ],
)
def test_names_that_dbt_or_duckdb_would_take_for_something_else_are_refused(tmp_path, name):
    with pytest.raises(NotPublished, match="WAREHOUSE_PATH: .* name"):
        Places.of(tmp_path / name)


def test_a_folder_with_a_number_sign_is_refused_and_one_with_an_apostrophe_is_not(tmp_path):
    for name in ("a#b", "l'été 2018"):
        (tmp_path / name).mkdir()
    assert problem_of_path(tmp_path / "a#b" / "w.duckdb")
    assert problem_of_path(tmp_path / "l'été 2018" / "w.duckdb") is None


def test_a_lock_that_is_a_planted_link_is_refused_and_its_target_kept(tmp_path):
    target = tmp_path / "target.txt"
    target.write_text("precious")
    places = Places.of(tmp_path / "w.duckdb")
    places.lock.symlink_to(target)
    with pytest.raises(NotPublished, match="symbolic link"):
        claim(places)
    assert target.read_text() == "precious"
    places.lock.unlink()
    os.mkfifo(places.lock)
    with pytest.raises(NotPublished, match="not a regular file"):
        claim(places)


def test_a_working_folder_and_a_failed_build_that_are_planted_links_go_without_their_targets(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("precious")
    places = Places.of(tmp_path / "w.duckdb")
    places.working.symlink_to(tmp_path / "folder")
    places.failed.symlink_to(tmp_path / "folder" / "file")
    remove_leftovers(places)
    assert not places.working.is_symlink() and not places.failed.is_symlink()
    assert (tmp_path / "folder" / "file").read_text() == "precious"


@pytest.mark.parametrize(
    "value",
    [
        "{school_year: [2018]}",
        "{school_year: twenty}",
        "{school_year: 20018}",
        "{suppress_below: few}",
        "{suppress_below: 2}",
        "{grace_days: -1}",
        "{grace_days: {days: 4}}",
        "{education_record_window: none}",
        "{as_of: [2018-11-15]}",
        '{project_version: "1\'; drop table x; --"}',
    ],
)
def test_a_var_of_another_type_is_said_before_dbt(value):
    (problem,) = problems_of_vars(["--vars", value])
    name = value[1:].split(":")[0]
    assert problem.startswith(f"--vars: {name} is ") and ": it must be " in problem


def test_vars_as_the_documentation_has_them_are_taken():
    given = (
        "{school_year: 2018, suppress_below: 11, grace_days: 0, education_record_window: as_printed, as_of: 2018-11-15}"
    )
    assert problems_of_vars(["--vars", given]) == []


def test_the_environment_of_an_earlier_lock_file_is_refused_with_both_versions_and_the_command(tmp_path):
    pins = ['"duckdb==0.0.1"', '"no-such-package==1.0"', f'"pyyaml=={yaml.__version__}"']
    (tmp_path / "pyproject.toml").write_text(f"[project]\ndependencies = [{', '.join(pins)}]\n")
    outdated, missing = problems_of_environment(tmp_path)
    assert problems_of_environment(tmp_path / "project without the file") == []
    assert outdated.startswith(f"duckdb is {duckdb.__version__}, and this version of the project needs 0.0.1.")
    assert missing.startswith("no-such-package is not installed") and "make setup" in missing


def test_the_tests_run_in_the_environment_of_the_lock_file():
    assert problems_of_environment() == []


def test_the_commit_is_that_of_the_checkout_and_none_where_there_is_no_git(monkeypatch, tmp_path):
    if (ROOT / ".git").exists() and shutil.which("git"):
        assert re.fullmatch("[0-9a-f]{12,40}(-modified)?", project_commit()["PROJECT_COMMIT"])
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    assert project_commit() == {}


@pytest.mark.parametrize("text, seconds", [("", None), ("90", 90), ("90s", 90), ("2m", 120), ("3h", 10800)])
def test_a_time_limit_is_seconds_minutes_or_hours(monkeypatch, text, seconds):
    monkeypatch.setenv("TIME_LIMIT", text)
    assert time_limit() == seconds


@pytest.mark.parametrize("text", ["0", "soon", "-5", "1d"])
def test_another_time_limit_is_refused(monkeypatch, text):
    monkeypatch.setenv("TIME_LIMIT", text)
    with pytest.raises(NotPublished, match="TIME_LIMIT"):
        time_limit()


def test_a_dbt_that_hangs_is_stopped_at_the_time_limit(tmp_path, monkeypatch):
    hanging = tmp_path / "dbt"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o700)
    monkeypatch.setattr(builder, "DBT", [str(hanging)])
    monkeypatch.setenv("TIME_LIMIT", "1")
    began = time.monotonic()
    places = Places.of(tmp_path / "w.duckdb")
    places.working.mkdir()
    run = run_dbt([], places, "", os.open(places.lock, os.O_CREAT | os.O_RDWR), Progress())
    assert time.monotonic() - began < 30
    assert run.status == -signal.SIGTERM
    assert run.errors == ["dbt was stopped: it had not finished after TIME_LIMIT=1."]


def test_a_warehouse_gets_the_mode_and_group_that_are_set_and_else_is_its_owners_alone(tmp_path, monkeypatch):
    warehouse = tmp_path / "w.duckdb"
    warehouse.touch(0o666)
    close_to_others(warehouse)
    assert warehouse.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("WAREHOUSE_GROUP", str(os.getgid()))
    close_to_others(warehouse)
    assert warehouse.stat().st_mode & 0o777 == 0o640
    assert warehouse.stat().st_gid == os.getgid()
    monkeypatch.setenv("WAREHOUSE_MODE", "0660")
    assert problem_of_mode() is None
    close_to_others(warehouse)
    assert warehouse.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize(
    "name, value", [("WAREHOUSE_MODE", "0644"), ("WAREHOUSE_MODE", "rw"), ("WAREHOUSE_GROUP", "no such group")]
)
def test_a_mode_that_shows_persons_to_all_or_an_unknown_group_is_refused(tmp_path, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(NotPublished, match=name):
        Places.of(tmp_path / "w.duckdb")


def plain_dbt(warehouse: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """A dbt that opens the warehouse and does little else, under a umask that hides nothing."""
    project = folder / "project"
    project.mkdir(exist_ok=True)
    (project / "dbt_project.yml").write_text("name: little\nversion: '1.0.0'\nprofile: immunization_coverage\n")
    return subprocess.run(
        [Path(sys.executable).parent / "dbt", "--no-use-colors", "debug", "--profiles-dir", ROOT],
        cwd=project, env=os.environ | {"WAREHOUSE_PATH": str(warehouse), "DBT_LOG_PATH": str(folder / "logs")},
        capture_output=True, text=True, check=False, umask=0,
    )  # fmt: skip


def test_plain_dbt_says_in_a_sentence_that_a_folder_is_missing(tmp_path):
    done = plain_dbt(tmp_path / "missing" / "w.duckdb", tmp_path)
    assert done.returncode != 0
    assert f"WAREHOUSE_PATH: there is no folder {tmp_path / 'missing'}" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@long
def test_plain_dbt_closes_the_warehouse_to_others(tmp_path):
    done = plain_dbt(tmp_path / "new.duckdb", tmp_path)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "new.duckdb").stat().st_mode & 0o777 == 0o600
    duckdb.connect(str(tmp_path / "old.duckdb")).close()
    (tmp_path / "old.duckdb").chmod(0o666)
    assert plain_dbt(tmp_path / "old.duckdb", tmp_path).returncode == 0
    assert (tmp_path / "old.duckdb").stat().st_mode & 0o777 == 0o600
