"""Builds of the project in a subprocess, each with its own warehouse and target folder.

dbt keeps a DuckDB file open for as long as its process lives, and DuckDB allows no reader beside a writer: tests that
read what they built start dbt as a command.
"""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import warm_dbt

from immunization_coverage import compare

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
DBT = Path(sys.executable).parent / "dbt"
ICW = Path(sys.executable).parent / "icw"
PARSED = warm_dbt.PARSED
# `make test-all` also runs what takes minutes: kills, years beside each other, further draws, languages and widths.
LONG = "LONG_TESTS" in os.environ
MANY = os.environ.get("LONG_TESTS") == "many"
long = pytest.mark.skipif(not LONG, reason="minutes; make test-all runs them")
ONLY_TABLES = ("--resource-type", "seed", "--resource-type", "model")


@dataclass
class Build:
    warehouse: Path
    returncode: int
    output: str

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()


def few(cases: Iterable, number: int) -> list:
    """The first cases; all of them in `make test-all`."""
    return list(cases)[: None if LONG else number]


def run_dbt(
    *arguments: str, warehouse: Path, project: Path = ROOT, extracts: Path | None = None, **environment: str
) -> Build:
    """dbt in the warehouse's folder, forked from one that has read the project (warm_dbt)."""
    variables = {k: v for k, v in os.environ.items() if k not in ("EXTRACTS_DIR", "COMPARE_WITH")}
    target = warehouse.with_suffix(".target")
    variables |= {"WAREHOUSE_PATH": warehouse.name, "DBT_TARGET_PATH": str(target), "EXTRACTS_DIR": ""}
    # dbt's artifacts have 5 MB: a test that reads them sets DBT_WRITE_JSON="true".
    variables |= {"DBT_WRITE_JSON": "false"}
    variables |= {"DBT_LOG_PATH": str(warehouse.with_suffix(".logs"))} | warm_dbt.settings(project) | environment
    if extracts is not None:
        link = warehouse.with_suffix(".extracts")
        link.unlink(missing_ok=True)
        link.symlink_to(extracts)
        variables["EXTRACTS_DIR"] = link.name
    reads_project = project != ROOT or warehouse.name != warm_dbt.WAREHOUSE or arguments[0] == "parse"
    parsed = PARSED / (variables["EXTRACTS_DIR"] or "demonstration") / "partial_parse.msgpack"
    # In a copy of the project, dbt parses what differs again.
    if reads_project and parsed.exists():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(parsed, target)
    output = warehouse.with_suffix(".output")
    status = warm_dbt.invoke(["--no-use-colors", *arguments], warehouse.parent, variables, output, reads_project)
    return Build(warehouse, status, output.read_text(encoding="utf-8"))


def dbt_folders(folder: Path) -> dict[str, str]:
    """dbt's folders for `icw build`, with the project as it has been read, if it has."""
    target = folder / "target"
    parsed = PARSED / "demonstration" / "partial_parse.msgpack"
    if parsed.exists() and not target.exists():
        target.mkdir(parents=True)
        shutil.copy(parsed, target)
    return {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(folder / "logs")}


def edit_rules(project: Path, table: str, edit: Callable[[list[dict[str, str]]], None]) -> None:
    """Lets `edit` change the rows of a table of seeds/annex, and writes them again."""
    file = project / "seeds" / "annex" / f"{table}.csv"
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    header = list(rows[0])
    edit(rows)
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def run_compare(
    *arguments: str | Path, now: Path, earlier: Path | str, **environment: Path
) -> subprocess.CompletedProcess[str]:
    settings = {"WAREHOUSE_PATH": now, "COMPARE_WITH": earlier} | environment
    return subprocess.run(
        [ICW, "compare", *arguments],
        env=os.environ | {name: str(value) for name, value in settings.items()},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


# `icw compare` with a query that dbt has compiled before; the command is tested with dbt, too.
COMPARE_COMPILED = """
import sys
from pathlib import Path
from immunization_coverage import compare
what, output, query = sys.argv[1:]
compare.compiled = lambda analysis, folder: Path(query).read_text(encoding="utf-8")
sys.exit(compare.main(what, 0, Path(output)))
"""


def compiled_analysis(name: str, folder: Path) -> Path:
    place = folder / f"compiled_{name}"
    place.mkdir(exist_ok=True)
    build = run_dbt("compile", "--select", name, warehouse=place / warm_dbt.WAREHOUSE)
    assert build.returncode == 0, build.output
    (file,) = (place / "warehouse.target" / "compiled").glob(f"*/analyses/{name}.sql")
    query = file.read_text(encoding="utf-8")
    assert '"warehouse".' in query
    file.write_text(query.replace('"warehouse".', f'"{compare.NOW}".'), encoding="utf-8")
    return file


def differing(what: str, now: Path, earlier: Path, folder: Path) -> list[dict[str, str]]:
    """The rows of `icw compare`, whose file must be in the folder and readable by its owner only."""
    output = folder / f"{what}.csv"
    query = compiled_analysis(compare.ANALYSES[what], folder)
    settings = {"WAREHOUSE_PATH": now, "COMPARE_WITH": earlier}
    done = subprocess.run(
        [sys.executable, "-c", COMPARE_COMPILED, what, output, query],
        env=os.environ | {name: str(value) for name, value in settings.items()},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert output.stat().st_mode & 0o777 == 0o600
    with output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Prints a last line with the files whose tests were skipped, and why: usually what to install."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    files_by_reason: dict[str, set[str]] = {}
    for report in reporter.stats.get("skipped", []) if reporter and not hasattr(config, "workerinput") else []:
        reason = report.longrepr[2] if isinstance(report.longrepr, (tuple, list)) else str(report.longrepr)
        files_by_reason.setdefault(reason.removeprefix("Skipped: "), set()).add(Path(report.fspath).name)
    if files_by_reason:
        reasons = [f"{', '.join(sorted(files))}: {reason}" for reason, files in files_by_reason.items()]
        print(f"\nTests were skipped in {'; in '.join(reasons)}.")


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The demonstration, built; a copy of the folder that DEMONSTRATION names, where `make test` has just built it."""
    folder = tmp_path_factory.mktemp("demonstration")
    if built := os.environ.get("DEMONSTRATION"):
        shutil.copytree(built, folder, dirs_exist_ok=True)
        return Build(folder / "demonstration.duckdb", 0, "")
    build = run_dbt("build", warehouse=folder / "demonstration.duckdb", DBT_WRITE_JSON="true")
    assert build.returncode == 0, build.output
    return build


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, headless. `.ci/run` installs it where it is missing."""
    from playwright.sync_api import sync_playwright

    from immunization_coverage.report.printing import find_browser

    found = find_browser()
    if found is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def place_of_builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which builds by the script share a name and a target folder, so that dbt parses the project once."""
    return tmp_path_factory.mktemp("builds")


@pytest.fixture
def project_copy(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


def copy_project(copy: Path) -> Path:
    """A copy of the files that dbt reads, to be edited."""
    copy.mkdir()
    for name in ("dbt_project.yml", "profiles.yml", "selectors.yml"):
        shutil.copy(ROOT / name, copy)
    for name in ("models", "macros", "seeds", "analyses", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("python", "__pycache__"))
    return copy
