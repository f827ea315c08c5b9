"""Checks what is installed, what is missing for which feature, and whether extracts and warehouse can be read."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractsError
from immunization_coverage.project import DBT, ROOT
from immunization_coverage.report.printing import find_browser
from immunization_coverage.rules.check import problems_of_rules
from immunization_coverage.warehouse import records_of, warehouse_path
from immunization_coverage.warehouse_file import problem_of_mode, problem_of_path
from immunization_coverage.years import BuiltYear

GOOD, OPTIONAL, BAD = "ok", "optional", "missing"
STYLES = {GOOD: "green", OPTIONAL: "yellow", BAD: "bold red"}
JAVA_VERSIONS = ("17", "21")


@dataclass(frozen=True)
class Finding:
    what: str
    state: str
    said: str


def package(name: str, feature: str = "", remedy: str = "") -> Finding:
    """A Python package; one that only a feature needs is optional."""
    what = f"{name} ({feature})" if feature else name
    try:
        return Finding(what, GOOD, version(name))
    except PackageNotFoundError:
        return Finding(what, OPTIONAL if feature else BAD, f"not installed: {remedy or 'make setup'}")


def java() -> Finding:
    what = "Java (Spark)"
    found = shutil.which("java")
    if found is None:
        return Finding(what, OPTIONAL, f"not on the PATH: Spark needs Java {' or '.join(JAVA_VERSIONS)}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    number = re.search(r'version "(\d+)', said)
    known = number[1] if number else "of an unknown version"
    is_right = known in JAVA_VERSIONS
    return Finding(what, GOOD if is_right else OPTIONAL, known if is_right else f"{known}: Spark needs 17 or 21")


def chromium() -> Finding:
    found = find_browser()
    if found and shutil.which(found):
        return Finding("Chromium (PDF of icw report)", GOOD, found)
    not_named = "not found: install Chromium, or name one in CHROMIUM"
    missing = f"CHROMIUM names {found}, which does not exist" if found else not_named
    return Finding("Chromium (PDF of icw report)", OPTIONAL, missing)


def installed() -> Iterator[Finding]:
    yield Finding("Python", GOOD, f"{platform.python_version()} ({sys.executable})")
    yield package("immunization-coverage-warehouse")
    for name in ("dbt-core", "dbt-duckdb", "duckdb"):
        yield package(name)
    found = shutil.which(DBT)
    yield Finding("dbt's command", GOOD if found else BAD, found or "not installed beside this Python: make setup")
    yield chromium()
    yield package("streamlit", "icw explore", "make explore, or pip install '.[explore]'")
    yield package("dbt-metricflow", "icw metrics", "make setup, or pip install '.[metrics]'")
    yield package("dbt-spark", "Spark", "make setup-spark, or pip install '.[spark]'")
    yield java()
    superset = ROOT / ".superset"
    yield Finding(
        "Superset (make superset)", GOOD if superset.is_dir() else OPTIONAL,
        str(superset) if superset.is_dir() else "not installed: make superset",
    )  # fmt: skip


def project() -> Iterator[Finding]:
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    yield Finding("folder", GOOD, str(ROOT))
    yield Finding("version", GOOD, settings["version"])
    yield Finding("school year", GOOD, str(settings["vars"]["school_year"]))
    problems = problems_of_rules()
    for problem in problems:
        yield Finding("rule tables", BAD, problem)
    if not problems:
        yield Finding("rule tables", GOOD, "can be loaded, and lack nothing that a build needs")


def extracts(warehouse: Path) -> Iterator[Finding]:
    folder = os.environ.get("EXTRACTS_DIR", "")
    if not folder:
        yield Finding("folder", OPTIONAL, "none named (--extracts, EXTRACTS_DIR): a build reads the demonstration")
        return
    yield Finding("folder", GOOD if Path(folder).is_dir() else BAD, folder)
    try:
        # Beside the warehouse, where a build would write the same.
        beside = warehouse.absolute().parent
        with tempfile.TemporaryDirectory(prefix=f".{warehouse.name}.doctor_", dir=beside) as scratch:
            files = prepare(Path(folder).absolute(), Path(scratch))
    except ExtractsError as error:
        for problem in error.problems:
            yield Finding("refused", BAD, problem)
        return
    except OSError as error:
        yield Finding("refused", BAD, f"{error.filename}: {error.strerror}")
        return
    except Exception as error:
        # The message of an unexpected error may contain values of a row.
        yield Finding("refused", BAD, f"{type(error).__name__} while the extracts were read")
        return
    for file in files:
        how = ", ".join(word for word in (file.encoding, named(file.delimiter)) if word)
        said = f"{file.rows:,} rows{f' ({how})' if how else ''}, {len(file.columns)} columns"
        yield Finding(f"{file.extract_name}: {file.file}", GOOD, said)


def named(delimiter: str | None) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab"}.get(delimiter or "", delimiter or "")


def warehouse_findings(path: Path) -> Iterator[Finding]:
    problem = problem_of_path(path) or problem_of_mode()
    yield Finding("file", BAD if problem else GOOD, problem or str(path))
    if problem:
        return
    if not path.exists():
        yield Finding("build", OPTIONAL, "not built yet: make build, or icw build")
        return
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            builds = records_of(
                connection,
                "select *, sum(row_count) over (partition by build_id) as rows_read "
                "from marts.builds semi join marts.coverage using (build_id) "
                "qualify row_number() over (partition by build_id) = 1 order by school_year, built_at",
            )
    except duckdb.Error as error:
        yield Finding("build", BAD, f"cannot be read: {str(error).splitlines()[0]}")
        return
    if not builds:
        yield Finding("build", OPTIONAL, "the file holds no build")
    for build in builds:
        year = BuiltYear(build["school_year"], build.get("definitions") or build["school_year"])
        yield Finding(
            str(year),
            GOOD,
            f"build {build['build_id']} of {build['built_at']:%Y-%m-%d %H:%M} UTC, "
            f"version {build['project_version']}, {build['rows_read']:,} rows read",
        )


def show(console: Console, title: str, findings: list[Finding]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(Text(finding.state, STYLES[finding.state]), Text(finding.what), Text(finding.said))
    console.print(table)
    console.print()


def main() -> int:
    console = Console()
    warehouse = warehouse_path()
    missing = False
    for title, found in (
        ("Installed", installed()), ("Project", project()), ("Extracts", extracts(warehouse)),
        ("Warehouse", warehouse_findings(warehouse)),
    ):  # fmt: skip
        findings = list(found)
        missing = missing or any(finding.state == BAD for finding in findings)
        show(console, title, findings)
    console.print("Something that a build needs is missing." if missing else "A build can start.")
    return 1 if missing else 0
