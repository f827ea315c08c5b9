"""The command `icw`: its pages, options and their environment variables, the project's folder, and the doctor."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ICW, ROOT, copy_project
from extracts_writing import ROWS, table, write_extracts
from typer.testing import CliRunner

from immunization_coverage import cli, compare, project
from immunization_coverage.build import builder
from immunization_coverage.build.settings import vars_argument

COMMANDS = [command.name or command.callback.__name__ for command in cli.app.registered_commands]
# Options, and the environment variables that are their defaults.
OF_BUILD = {
    "--extracts": "EXTRACTS_DIR", "--warehouse": "WAREHOUSE_PATH", "--accept": "ACCEPT", "--group": "WAREHOUSE_GROUP",
    "--mode": "WAREHOUSE_MODE", "--time-limit": "TIME_LIMIT", "--memory-limit": "DUCKDB_MEMORY_LIMIT",
    "--column-meanings": "COLUMN_MEANINGS",
}  # fmt: skip
SETTINGS = (
    "EXTRACTS_DIR", "WAREHOUSE_PATH", "WAREHOUSES", "ACCEPT", "COMPARE_WITH", "ICW_PROJECT", "CHROMIUM", "VERBOSE",
    "RELEASE", *OF_BUILD.values(),
)  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """What a command sets is gone after the test."""
    before = dict(os.environ)
    for name in SETTINGS:
        os.environ.pop(name, None)
    os.environ["COLUMNS"] = "200"
    yield
    os.environ.clear()
    os.environ.update(before)


def invoke(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], prog_name="icw")


def icw(*arguments, cwd=ROOT, **settings):
    return subprocess.run(
        [ICW, *arguments], cwd=cwd, env=os.environ | {name: str(value) for name, value in settings.items()},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def built(monkeypatch):
    """What a build is asked for: its arguments, and the environment that it sees."""
    seen = {}

    def main(arguments):
        seen["arguments"] = arguments
        seen["environment"] = dict(os.environ)
        return 0

    monkeypatch.setattr(builder, "main", main)
    return seen


def test_the_first_page_names_every_command():
    page = invoke("--help")
    assert page.exit_code == 0
    assert all(f" {command} " in page.output for command in COMMANDS)
    assert {"build", "report", "explore", "publish", "explain", "compare", "lists", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"metrics"}))
def test_the_page_of_a_command_has_its_usage_and_examples(command):
    page = invoke(command, "--help")
    assert page.exit_code == 0
    usage, _, examples = page.output.partition("Examples")
    assert f"Usage: icw {command} " in usage and f"icw {command}" in examples


def test_the_page_of_metrics_is_that_of_metricflow():
    pytest.importorskip("dbt_metricflow")
    page = icw("metrics", "--help")
    assert page.returncode == 0
    assert "Usage: icw metrics" in page.stdout and "query" in page.stdout


def test_a_page_names_the_environment_variable_of_each_option():
    page = invoke("build", "--help").output
    assert not [option for option, name in OF_BUILD.items() if option not in page or name not in page]


def test_an_option_wins_over_its_environment_variable_which_stays_the_default_of_the_others(built):
    os.environ |= {"EXTRACTS_DIR": "/of/the/environment", "WAREHOUSE_PATH": "/of/the/environment.duckdb"}
    assert invoke("build", "--extracts", "/of/the/option").exit_code == 0
    assert built["environment"]["EXTRACTS_DIR"] == "/of/the/option"
    assert built["environment"]["WAREHOUSE_PATH"] == "/of/the/environment.duckdb"
    assert built["arguments"] == []


@pytest.mark.parametrize("option, name", OF_BUILD.items())
def test_every_option_of_a_build_is_a_setting_that_the_build_sees(built, option, name):
    assert invoke("build", option, "a_value").exit_code == 0
    assert built["environment"][name] == "a_value"


def test_an_empty_folder_of_extracts_is_the_demonstration(built):
    os.environ["EXTRACTS_DIR"] = ""
    assert invoke("build").exit_code == 0
    assert built["environment"]["EXTRACTS_DIR"] == ""


@pytest.mark.parametrize("given", ["one, two", "one two"])
def test_checks_are_accepted_by_options_or_by_the_variable(built, given):
    assert invoke("build", "--accept", "one", "--accept", "two").exit_code == 0
    assert built["environment"]["ACCEPT"] == "one two"
    os.environ["ACCEPT"] = given
    assert invoke("build").exit_code == 0
    assert builder.re.split(r"[\s,]+", built["environment"]["ACCEPT"]) == ["one", "two"]


def test_what_a_build_does_not_know_goes_to_dbt_in_its_order(built):
    asked = ["--select", "+int_series", "marts", "--exclude", "coverage", "--full-refresh"]
    assert invoke("build", "--verbose", *asked).exit_code == 0
    assert built["arguments"] == asked and built["environment"]["VERBOSE"] == "1"


def test_the_school_year_and_the_day_are_vars_of_dbt(built):
    assert invoke("build", "--school-year", "2016", "--as-of", "2017-03-01", "--vars", "{grace_days: 0}").exit_code == 0
    name, value = built["arguments"]
    assert name == "--vars" and builder.problems_of_vars(built["arguments"]) == []
    assert json.loads(value) == {"grace_days": 0, "school_year": 2016, "as_of": "2017-03-01"}
    # By itself --vars is handed over as it is: dbt says what is wrong with it.
    assert vars_argument("{school_year", school_year=None) == ["--vars", "{school_year"]


@pytest.mark.parametrize("given", ["{school_year: 2018}", "{school_year", "2018", "as_of: 2018-13-45"])
def test_vars_that_an_option_cannot_be_added_to_are_a_wrong_argument(built, given):
    done = invoke("build", "--school-year", "2016", "--vars", given)
    assert done.exit_code == 2 and "--vars" in done.output and not built


def test_the_exit_status_of_a_build_is_that_of_the_command(monkeypatch):
    monkeypatch.setattr(builder, "main", lambda arguments: 3)
    assert invoke("build").exit_code == 3


@pytest.mark.parametrize("command, remedy", [("explore", "make explore"), ("metrics", "make setup")])
def test_a_feature_whose_packages_are_not_installed_says_how_to_install_them(monkeypatch, command, remedy):
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    done = invoke(command)
    assert done.exit_code == 1 and remedy in done.output and "pip install" in done.output


def test_what_can_be_compared_is_what_there_are_analyses_of():
    assert [what.value for what in cli.What] == list(compare.ANALYSES)


def test_make_hands_over_vars_with_blanks_and_quotation_marks():
    asked = "{as_of: it's, x: $$(y); z}"
    done = subprocess.run(
        ["make", "--dry-run", "build", f"VARS={asked}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (words,) = [shlex.split(line) for line in done.stdout.splitlines() if "icw build" in line]
    assert words[1:] == ["build", "--vars", asked.replace("$$", "$")]


# ---- the project's folder -------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_the_project_is_said_in_a_sentence(tmp_path):
    for command in ("build", "doctor", "explain"):
        done = icw("--project", tmp_path, command)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert done.stdout == "" and f"{tmp_path} is not the project's folder" in done.stderr
    assert icw("--project", tmp_path, "build", "--help").returncode == 0


def test_the_project_is_the_folder_that_is_named_or_the_current_one_or_one_above(tmp_path, monkeypatch):
    copy = copy_project(tmp_path / "project")
    monkeypatch.chdir(copy / "seeds" / "annex")
    assert project.find_project() == copy
    monkeypatch.setenv("ICW_PROJECT", str(ROOT))
    assert project.find_project() == ROOT
    monkeypatch.delenv("ICW_PROJECT")
    # Elsewhere, the checkout that is installed; without one, a sentence.
    monkeypatch.chdir(tmp_path)
    assert project.find_project() == ROOT
    monkeypatch.setattr(project, "__file__", str(tmp_path / "site-packages" / "immunization_coverage" / "project.py"))
    with pytest.raises(SystemExit, match="icw --project FOLDER"):
        project.find_project()


def test_rules_are_those_of_the_folder_that_is_named(tmp_path):
    copy = copy_project(tmp_path / "project")
    (copy / "report").mkdir()
    (copy / "report" / "texts").symlink_to(ROOT / "report" / "texts")
    goals = copy / "seeds" / "annex" / "coverage_goals.csv"
    goals.write_text(goals.read_text(encoding="utf-8") + "measles,seven,95\n", encoding="utf-8")
    done = icw("--project", copy, "rules", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("seeds/annex/coverage_goals.csv: line ")
    assert icw("rules", cwd=tmp_path).returncode == 0


def test_the_package_has_no_sql_no_seeds_and_no_search_path_of_its_own():
    files = [file for file in (ROOT / "src").rglob("*") if file.is_file()]
    assert not [file for file in files if file.suffix in (".sql", ".csv", ".yml")]
    files += [*(ROOT / "scripts").glob("*.py"), *(ROOT / "benchmarks").glob("*.py"), ROOT / "Makefile"]
    texts = {file.name: file.read_bytes() for file in files}
    assert not [name for name, text in texts.items() if b"sys.path" in text or b"PYTHONPATH" in text]


# ---- the doctor -----------------------------------------------------------------------------------------------------


def doctor(tmp_path, *arguments, **settings):
    return icw("doctor", *arguments, **{"WAREHOUSE_PATH": tmp_path / "w.duckdb"} | settings)


def test_without_extracts_and_warehouse_a_build_can_start(tmp_path):
    done = doctor(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a build reads the demonstration" in done.stdout and "not built yet: make build" in done.stdout
    assert done.stdout.endswith("A build can start.\n")
    assert not list(tmp_path.iterdir())


def test_extracts_are_read_with_every_row_and_nothing_is_left(tmp_path):
    folder = write_extracts(tmp_path / "in")
    (folder / "clients.csv").write_bytes(table("clients", ";").encode("utf-16"))
    before = {file: file.read_bytes() for file in folder.iterdir()}
    done = doctor(tmp_path, "--extracts", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "clients: clients.csv" in line]
    assert f"{len(ROWS['clients'])} rows (UTF-16, semicolon), 4 columns" in line
    assert {file: file.read_bytes() for file in folder.iterdir()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]


def test_extracts_that_a_build_refuses_are_refused_without_a_word_of_a_row(tmp_path):
    folder = write_extracts(tmp_path / "in")
    (folder / "schools.csv").unlink()
    (folder / "clients.csv").write_text("client_id,gender,client_status\n0000SECRET,F,Active\n")
    done = doctor(tmp_path, EXTRACTS_DIR=folder)
    assert done.returncode == 1
    assert "date_of_birth" in done.stdout and "schools" in done.stdout and "SECRET" not in done.stdout + done.stderr
    assert "Something that a build needs is missing." in done.stdout
    missing = doctor(tmp_path, EXTRACTS_DIR=tmp_path / "nowhere")
    assert missing.returncode == 1 and str(tmp_path / "nowhere") in missing.stdout


def test_what_only_a_feature_needs_is_optional(tmp_path):
    done = doctor(tmp_path, PATH="", CHROMIUM="/no/chromium")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("optional")}
    assert "CHROMIUM names /no/chromium, which does not exist" in lines["Chromium"]
    assert "not on the PATH" in lines["Java"]


def test_a_warehouse_is_told_by_its_builds_or_by_what_is_wrong_with_it(demonstration, tmp_path):
    [(build_id, version)] = demonstration.rows("select distinct build_id, project_version from marts.builds")
    done = doctor(tmp_path, "--warehouse", demonstration.warehouse)
    assert done.returncode == 0 and f"build {build_id} of " in done.stdout and f"version {version}, " in done.stdout
    (tmp_path / "w.duckdb").write_text("not a database")
    broken = doctor(tmp_path)
    assert broken.returncode == 1 and "cannot be read" in broken.stdout
    nowhere = doctor(tmp_path, WAREHOUSE_PATH=tmp_path / "missing" / "w.duckdb")
    assert nowhere.returncode == 1 and f"there is no folder {tmp_path / 'missing'}" in nowhere.stdout


def test_the_command_is_there_as_a_module_too():
    done = subprocess.run(
        [sys.executable, "-m", "immunization_coverage", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == icw("--version").stdout and done.stdout.strip()
    assert Path(ICW).exists()


def test_help_needs_no_project(tmp_path):
    found = "import immunization_coverage.cli, sys; sys.exit('immunization_coverage.project' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", found], cwd=tmp_path, check=False).returncode == 0
