"""Builds the warehouse in a private folder and publishes it in one step: readers see the last good one or the new one.

Beside the warehouse w.duckdb are .w.duckdb.lock (the lock of a build), .w.duckdb.building (the folder of a running
build) and .w.duckdb.failed.duckdb (a failed build, kept until the next one starts). See docs/operations.md.
"""

import argparse
import contextlib
import csv
import errno
import importlib.metadata
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import tomllib
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml
from filelock import lock_descriptor

from immunization_coverage.build.change import WhatIf, what_ifs_needed
from immunization_coverage.build.progress import GATES, DbtRun, Events, Progress, lines_of_failure
from immunization_coverage.build.settings import vars_argument
from immunization_coverage.build.signals import STOP_SIGNALS
from immunization_coverage.build.summary import Facts, facts_of, summary
from immunization_coverage.extracts.parts import PreparedFile
from immunization_coverage.extracts.preparation import prepare, verify
from immunization_coverage.extracts.problems import ExtractsError
from immunization_coverage.project import ROOT
from immunization_coverage.rules.check import is_day, nearest, problems_of_rules
from immunization_coverage.warehouse import attach, warehouse_path
from immunization_coverage.warehouse_file import close_to_others, problem_of_mode, problem_of_path
from immunization_coverage.years import (
    BuiltYear,
    add_year,
    carry_years,
    keep_assessment,
    label_of,
    last_year,
    remove_year,
    tables_for_readers,
    tables_with_rows,
    years_kept,
)

SECONDS_TO_STOP = 15
FREE_SPACE = "Free some space and build again: a build needs room for a second warehouse and a copy of the extracts."
LEAST_FREE_BYTES = 1_000_000
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
DBT_OUTPUT = {
    "DBT_LOG_LEVEL": "none", "DBT_LOG_FORMAT_FILE": "debug", "DBT_USE_COLORS": "false", "DBT_USE_COLORS_FILE": "false",
    "PYTHONIOENCODING": "utf-8",
}  # fmt: skip
# DBT_WRITE_JSON=true writes dbt's artifacts for other programs; a build does not need them.
DBT_DEFAULTS = {"DBT_WRITE_JSON": "false"}
DBT = (sys.executable, "-m", "immunization_coverage.build.dbt_process")
# Those that a user has not set, in the project's folder.
FOLDERS_OF_DBT = {"DBT_PROFILES_DIR": ".", "DBT_TARGET_PATH": "target", "DBT_LOG_PATH": "logs"}
# The default selector excludes unit tests, but dbt ignores it if arguments select models.
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
# Checks that apply only to the last year if several years are built from one export.
CHECKS_OF_LAST_YEAR = ("extracts_of_another_school_year", "immunizations_after_assessment_date")
# What marts.coverage_change needs of a what-if, and the table itself.
WHAT_IF = ("--select", "+coverage", "+builds", "--exclude", "test_type:data")
CHANGE = ("--select", "coverage_change")
# A build of a selection may lack what a what-if takes.
SELECTIONS = {"--select", "-s", "--models", "-m", "--selector"}
# Checks by the reader of extracts, before there are tables.
READER_CHECKS = ("count_in_footer", "rows_at_a_limit", "texts_cut_short")
CHECKS = ROOT / "seeds" / "quality" / "data_quality_checks.csv"


class NotPublished(Exception):
    """Nothing was published. The message is a sentence for the user."""


class Stopped(BaseException):
    """A signal asked to stop."""

    # The last signal, since DuckDB and others replace this exception by their own.
    last: int | None = None

    def __init__(self, number: int) -> None:
        self.number = number
        Stopped.last = number


@dataclass(frozen=True)
class Places:
    published: Path
    lock: Path
    working: Path
    extracts: Path
    built: Path
    failed: Path

    @classmethod
    def of(cls, warehouse: Path) -> "Places":
        # A symbolic link is kept; the file that it points to is replaced.
        try:
            published = warehouse.resolve()
        except (OSError, RuntimeError) as error:
            raise NotPublished(f"WAREHOUSE_PATH: the symbolic links of {warehouse} form a loop.") from error
        problem = problem_of_path(published) or problem_of_mode()
        if problem:
            raise NotPublished(problem)
        hidden = published.with_name(f".{published.name}")
        working = hidden.with_name(f"{hidden.name}.building")
        return cls(
            published=published,
            lock=hidden.with_name(f"{hidden.name}.lock"),
            working=working,
            extracts=working / "extracts",
            # DuckDB names a catalog after its file and stores that name in views: the file has its published name.
            built=working / published.name,
            failed=hidden.with_name(f"{hidden.name}.failed.duckdb"),
        )


def wal_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def say(text: str) -> None:
    print(text, flush=True)


def say_stopped(number: int) -> int:
    say(f"\nNot published: stopped by {signal.Signals(number).name}.")
    return 128 + number


def claim(places: Places) -> int | None:
    """Takes the warehouse's lock: a descriptor that holds it while it is open; None if another build has the lock."""
    try:
        # A symbolic link could point to another file of this account, which would be truncated below.
        descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT | NO_LINK, 0o600)
    except OSError as error:
        if places.lock.is_symlink():
            raise NotPublished(f"{places.lock} is a symbolic link, and builds never make one. Remove it.") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise NotPublished(f"{places.lock} is not a regular file, and builds make only those. Remove it.")
    # Windows also locks the first byte against reading, so the text for other builds starts after it.
    if not lock_descriptor(descriptor, blocking=False):
        os.lseek(descriptor, 1, os.SEEK_SET)
        holder = os.read(descriptor, 200).decode() or "it has just started"
        say(f"Another build of {places.published} is running ({holder}). Try again when it has ended.")
        return None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f" since {datetime.now():%Y-%m-%d %H:%M:%S}, process {os.getpid()}".encode())
    return descriptor


def stop_on_signals() -> None:
    def stop(number: int, _frame: object) -> None:
        ignore_signals()
        raise Stopped(number)

    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def ignore_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def remove_leftovers(places: Places) -> None:
    """Removes what a killed build left behind, and the last failed build."""
    if places.working.is_symlink():
        places.working.unlink()
    elif places.working.exists():
        shutil.rmtree(places.working)
    for database in (places.failed, wal_of(places.failed)):
        database.unlink(missing_ok=True)


def prepare_extracts(folder: str, places: Places) -> list[PreparedFile]:
    """Reads the extracts into Parquet. Raises ExtractsError, OSError or NotPublished, without values of rows."""
    try:
        return prepare(Path(folder).absolute(), places.extracts)
    except (ExtractsError, OSError):
        raise
    except Exception as error:
        # The message of an unexpected error may contain values of a row.
        at = traceback.extract_tb(error.__traceback__)[-1]
        raise NotPublished(f"{type(error).__name__} in {at.filename}, line {at.lineno}, reading extracts.") from None


def split_vars(arguments: list[str]) -> tuple[str, list[str]]:
    """Splits the arguments of dbt into the value of --vars and the others."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--vars", default="{}")
    found, others = parser.parse_known_args(arguments)
    return found.vars, others


def vars_of(arguments: list[str]) -> dict[str, Any]:
    """The vars of --vars, with values as text: YAML would fail on 2018-13-45, which has a sentence of its own."""
    try:
        given = yaml.load(split_vars(arguments)[0], yaml.BaseLoader)
    except yaml.YAMLError:
        given = None
    # dbt reports invalid YAML.
    return given if isinstance(given, dict) else {}


def project_vars() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


@dataclass(frozen=True)
class Year:
    """The build of one school year: dbt's arguments, the folder of extracts, and the checks that do not stop it."""

    arguments: list[str]
    extracts: str
    accepted: str


def years_of(arguments: list[str]) -> list[Year]:
    """The school years of YEARS in ascending order, or the one of --vars. Raises NotPublished for a wrong YEARS."""
    folder, accept = os.environ.get("EXTRACTS_DIR", ""), os.environ.get("ACCEPT", "")
    years = re.split(r"[\s,]+", os.environ.get("YEARS", "").strip())
    if years == [""]:
        return [Year(arguments, folder, accept)]
    given, others = split_vars(arguments)
    odd = [year for year in years if not re.fullmatch("[12][0-9]{3}", year) or years.count(year) > 1]
    if odd:
        raise NotPublished(
            f"YEARS is '{os.environ['YEARS']}', with {odd[0]}: name the first year of each school year once, such as "
            "'2016 2017'."
        )
    if "school_year" in vars_of(arguments):
        raise NotPublished("YEARS and the var school_year are both given: name the years once.")
    own = {year: Path(folder) / year for year in years if folder and (Path(folder) / year).is_dir()}
    if own and len(own) < len(years):
        missing = " and ".join(str(Path(folder) / year) for year in years if year not in own)
        raise NotPublished(
            f"There is no folder {missing}. Each year needs its own folder, unless all are built from the files of "
            f"{folder}."
        )
    last = max(years)
    try:
        return [
            Year(
                [*others, *vars_argument(given, school_year=int(year))],
                str(own.get(year, folder)),
                accept if own or year == last else " ".join([accept, *CHECKS_OF_LAST_YEAR]).strip(),
            )
            for year in sorted(years)
        ]
    except ValueError as error:
        raise NotPublished(str(error)) from None


def names_in(variable: str) -> set[str]:
    return set(re.split(r"[\s,]+", os.environ.get(variable, ""))) - {""}


def accepted() -> set[str]:
    return names_in("ACCEPT")


def kept_assessments() -> set[str]:
    """The school years of KEEP_ASSESSMENT, as tables name them."""
    return {label_of(int(year)) for year in names_in("KEEP_ASSESSMENT")}


def problems_of_kept_assessments() -> list[str]:
    return [
        f"KEEP_ASSESSMENT: '{name}' is no first year of a school year, such as 2017 for 2017-18."
        for name in sorted(names_in("KEEP_ASSESSMENT"))
        if not re.fullmatch("[12][0-9]{3}", name)
    ]


def problems_of_vars(arguments: list[str]) -> list[str]:
    default = project_vars()
    forms = default["setting_forms"]
    given = vars_of(arguments)
    problems = []
    for name, value in given.items():
        if name not in forms:
            problems.append(f"--vars: there is no var '{name}'{nearest(name, forms)}. The vars are {', '.join(forms)}.")
        elif not (isinstance(value, str) and has_form(value, forms[name]["pattern"])):
            problems.append(f"--vars: {name} is '{value}': it must be {forms[name]['words']}.")
        elif name == "as_of" and value != default["as_of"]:
            problems += problems_of_as_of(value, str(given.get("school_year", default["school_year"])))
    return problems


def has_form(value: str, pattern: str) -> bool:
    looks_like_a_day = re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
    return bool(re.fullmatch(pattern, value)) and (is_day(value) or not looks_like_a_day)


def problems_of_as_of(day: str, first_year: str) -> list[str]:
    """An as_of after the assessment date: the list would miss the doses given in between."""
    if not re.fullmatch("[0-9]{4}", first_year):
        return []
    assessment_date = f"{int(first_year) + 1}-08-31"
    if day <= assessment_date:
        return []
    own_year = int(day[:4]) - (day[5:7] < "09")
    return [
        f"--vars: as_of is '{day}', after the assessment date {assessment_date}: doses given in between would be "
        f"missing. For a list of that day build its school year: icw build --school-year {own_year} --as-of {day}."
    ]


def problems_of_accept(names: Iterable[str]) -> list[str]:
    """Unknown names in ACCEPT: they would accept nothing, and the build would stop again."""
    with CHECKS.open(encoding="utf-8", newline="") as file:
        known = [row["check_name"] for row in csv.DictReader(file)] + list(READER_CHECKS)
    return [
        f"ACCEPT: there is no check '{name}'{nearest(name, known)}. The checks are in {CHECKS.relative_to(ROOT)}."
        for name in sorted(set(names) - set(known))
    ]


def problems_of_environment(project: Path = ROOT) -> list[str]:
    """Packages of other versions than the project needs, such as after a pull without `make setup`."""
    if not (project / "pyproject.toml").exists():
        return []
    with (project / "pyproject.toml").open("rb") as file:
        pinned = [requirement.split("==") for requirement in tomllib.load(file)["project"]["dependencies"]]
    return [
        f"{name} is {installed or 'not installed'}, and this version of the project needs {version}. Update the "
        "environment: make setup, or uv sync --locked."
        for name, version in pinned
        if (installed := installed_version(name)) != version
    ]


def installed_version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def project_commit() -> dict[str, str]:
    """The commit that is checked out, for marts.builds; empty without Git."""
    # Git refuses a folder of another account unless the command line names it.
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT)]
    command = [*git, "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=-modified"]
    if not (ROOT / ".git").exists():
        return {}
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        return {"PROJECT_COMMIT": done.stdout.strip()}
    return {}


def check(years: list[Year], places: Places) -> None:
    """Checks packages, vars, rule tables, ACCEPT and the published file. Raises NotPublished with every problem."""
    time_limit()
    if outdated := problems_of_environment():
        raise NotPublished("\n".join(outdated))
    of_vars = [problem for year in years for problem in problems_of_vars(year.arguments)]
    problems = list(dict.fromkeys(of_vars)) + problems_of_kept_assessments() + problems_of_rules()
    # An unreadable table of checks is among the problems already.
    problems += [] if problems else problems_of_accept(accepted())
    if problems:
        raise NotPublished("\n".join(problems))
    if places.published.exists():
        readable_tables(places.published)


def readable_tables(database: Path, year: BuiltYear | None = None) -> set[str]:
    """The tables for readers of a warehouse, or those with rows of a year. Raises NotPublished if it cannot be read."""
    try:
        return tables_with_rows(database, year) if year else tables_for_readers(database)
    except duckdb.Error as error:
        raise NotPublished(
            f"{database} cannot be read ({error}). Close the program that writes to it, or move the file away "
            "if it is broken."
        ) from error


def year_of(arguments: list[str]) -> BuiltYear:
    """The school year and definitions of the build as tables name them: what the macro `definitions` says."""
    settings = project_vars() | vars_of(arguments)
    first_year = int(settings["school_year"])
    taken = settings["definitions_of"]
    definitions = label_of(first_year if taken == "school_year" else int(taken))
    if settings["recorded_by"] != "any_day":
        definitions += f", recorded by {settings['recorded_by']}"
    return BuiltYear(label_of(first_year), definitions)


def check_complete(places: Places, run: DbtRun, year: BuiltYear) -> None:
    """Refuses a partial build: publishing it would remove the tables of its school year that it did not write."""
    if not places.published.exists():
        return
    lost = readable_tables(places.published, year) - run.written
    if lost:
        raise NotPublished(
            f"The published warehouse has tables of {year} that this build lacks: {', '.join(sorted(lost))}. "
            f"Build without a selection, or move {places.published} away if they are no longer needed."
        )


def run_dbt(arguments: list[str], places: Places, extracts: str, lock: int, progress: Progress) -> DbtRun:
    """
    Runs `dbt build`. Its output goes to its log; its events give the progress and the reason of a failure. The paths
    are relative, the same for every warehouse of a name: dbt reads the whole project anew when they change.
    """
    here = places.built.parent
    paths = {"WAREHOUSE_PATH": places.built.name, "EXTRACTS_DIR": extracts and os.path.relpath(extracts, here)}
    environment = DBT_DEFAULTS | project_commit() | os.environ | paths | DBT_OUTPUT
    environment["DBT_PROJECT_DIR"] = str(ROOT)
    environment |= {setting: str(folder_of_dbt(setting)) for setting in FOLDERS_OF_DBT}
    # COMPARE_WITH is for `icw compare`; dbt would look for a relative path in another folder, and fail.
    environment.pop("COMPARE_WITH", None)
    # dbt inherits the lock: no other build starts while dbt runs, even if this process is killed.
    inherited = () if os.name == "nt" else (lock,)
    events = Events(progress, os.environ.get("VERBOSE", "") not in ("", "0"))
    with subprocess.Popen(
        [*DBT, "build", *arguments, *WITHOUT_UNIT_TESTS],
        cwd=here, env=environment, pass_fds=inherited, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", errors="replace",
    ) as dbt:
        is_over = threading.Event()

        def end() -> None:
            is_over.set()
            stop_dbt(dbt)

        limit = time_limit()
        clock = threading.Timer(limit or 0, end)
        clock.daemon = True
        if limit:
            clock.start()
        try:
            events.read(dbt.stdout or ())
            events.run.status = dbt.wait()
        except Stopped:
            stop_dbt(dbt)
            raise
        finally:
            clock.cancel()
            progress.end()
    if is_over.is_set():
        events.run.errors.append(f"dbt was stopped: it had not finished after TIME_LIMIT={os.environ['TIME_LIMIT']}.")
    return events.run


def stop_dbt(dbt: subprocess.Popen) -> None:
    dbt.terminate()
    try:
        dbt.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        dbt.kill()


def time_limit() -> int | None:
    """TIME_LIMIT in seconds, or None if it is not set. Raises NotPublished if it is not a duration."""
    text = os.environ.get("TIME_LIMIT", "")
    if not text:
        return None
    found = re.fullmatch("([1-9][0-9]{0,6})([smh]?)", text)
    if not found:
        raise NotPublished(f"TIME_LIMIT is '{text}': it must be seconds, or minutes or hours such as 90m or 3h.")
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def synchronize(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(places: Places) -> None:
    """Replaces the published warehouse by the one that was built. Raises NotPublished if tables would be lost."""
    with duckdb.connect(str(places.built)) as connection:
        connection.execute("checkpoint")
    tables = readable_tables(places.built)
    if not tables:
        raise NotPublished("The build made no table that readers read. Build without a selection.")
    if places.published.exists():
        lost = readable_tables(places.published) - tables
        if lost:
            raise NotPublished(
                f"The published warehouse has tables that this build lacks: {', '.join(sorted(lost))}. Build without a "
                f"selection, or move {places.published} away if they are no longer needed."
            )
    close_to_others(places.built)
    synchronize(places.built, os.O_RDWR)
    # A program that wrote to the published file may have left a write-ahead log, which DuckDB would replay into the
    # new file.
    wal_of(places.published).unlink(missing_ok=True)
    ignore_signals()
    os.replace(places.built, places.published)
    # Not every file system can synchronize a folder; the new file is in place either way.
    with contextlib.suppress(OSError):
        synchronize(places.published.parent, os.O_RDONLY)


def add_to_published(places: Places, what_ifs: dict[BuiltYear, Path]) -> None:
    """Makes the build a copy of the published warehouse with the what-if rows of other builds."""
    merged = places.working / "merged" / places.published.name
    merged.parent.mkdir(mode=0o700)
    shutil.copyfile(places.published, merged)
    try:
        for year, built in what_ifs.items():
            add_year(built, merged, year)
    except duckdb.BinderException as error:
        raise NotPublished(
            f"{places.published} was built by an earlier version of the project. Build its school year with this one "
            "first."
        ) from error
    os.replace(merged, places.built)
    merged.parent.rmdir()


def keep_failed(places: Places) -> bool:
    """Keeps the failed build's file, so that it can be examined; whether there is one."""
    if not places.built.exists():
        return False
    places.built.chmod(0o600)
    os.replace(places.built, places.failed)
    if wal_of(places.built).exists():
        os.replace(wal_of(places.built), wal_of(places.failed))
    return True


def folder_of_dbt(setting: str) -> Path:
    return ROOT / os.environ.get(setting, FOLDERS_OF_DBT[setting])


def log_of_dbt() -> Path:
    return folder_of_dbt("DBT_LOG_PATH") / "dbt.log"


def facts_before_publishing(run: DbtRun, places: Places) -> Facts:
    """The facts of the summary; none if the build ended before its database could be read."""
    with contextlib.suppress(duckdb.Error):
        if places.built.exists():
            return facts_of(places.built, run.invocation_id, places.published, places.extracts)
    return Facts()


def reason_of_failure(run: DbtRun, facts: Facts) -> str:
    stops = [finding.check for finding in facts.findings if finding.outcome == "failed"]
    reasons = []
    if stops:
        reasons.append(f"The extracts: {', '.join(stops)} stop{'s' if len(stops) == 1 else ''} the build.")
    if not stops or run.errors or any(test.name != GATES for test in run.failed_tests.values()):
        reasons.append(f"dbt build failed (exit status {run.status}).")
    return " ".join(reasons)


def build(arguments: list[str], places: Places, lock: int) -> None:
    """Builds one school year and publishes it. Raises NotPublished with the reason if it is not published."""
    remove_leftovers(places)
    places.working.mkdir(mode=0o700)
    progress = Progress()
    try:
        folder = os.environ.get("EXTRACTS_DIR", "")
        extracts = ""
        prepared: list[PreparedFile] = []
        if folder:
            progress.phase(f"Reading {folder}.")
            prepared = prepare_extracts(folder, places)
            extracts = str(places.extracts)
        year = year_of(arguments)
        # What-if rows are added to the warehouse: the person-level tables stay those of the year as it is reported.
        is_added = not year.is_as_reported and places.published.exists()
        if not is_added:
            carry_years(places.published, places.built, year)
        run = run_dbt(arguments, places, extracts, lock, progress)
        facts = facts_before_publishing(run, places)
        look = f"dbt's log: {log_of_dbt()}."
        try:
            # Checked first: a file that changed explains any error of dbt.
            verify(prepared)
            if run.status != 0:
                raise NotPublished(reason_of_failure(run, facts))
            if facts.findings and not run.passed_gates:
                raise NotPublished(f"The checks that stop a build did not run: the selection excludes {GATES}.")
            check_complete(places, run, year)
            progress.phase("Publishing.")
            if is_added:
                add_to_published(places, {year: places.built})
            elif places.published.exists() and (kept := kept_assessments()):
                keep_assessment(places.published, places.built, year, kept)
            publish(places)
        except (NotPublished, ExtractsError, OSError, duckdb.Error) as error:
            if is_full(places, run, error):
                # The failed build is not kept: the disk would stay full. This explains the other errors, of which only
                # the first are printed.
                run.errors.insert(0, f"There is no space left on the disk of {places.published.parent}. {FREE_SPACE}")
            elif keep_failed(places):
                look = f"The failed build, until the next one starts: {places.failed}. {look}"
            say("\n".join(["", *summary(facts, folder, False), *lines_of_failure(run), look]))
            raise NotPublished(sentence(error)) from error
        look = f"All checks: marts.data_quality; the rows: assessment.data_quality_findings; {look}"
        say("\n".join(["", *summary(facts, folder, True), look]))
    finally:
        ignore_signals()
        # What cannot be removed now is removed at the start of the next build.
        shutil.rmtree(places.working, ignore_errors=True)


def explain_change(built: Year, years: list[Year], places: Places, lock: int) -> None:
    """
    Completes marts.coverage_change of a published year: where that is needed, builds it by the definitions of the year
    before, or one of the two as recorded by the day that both reach, in a place of its own, and adds these rows.
    """
    year = year_of(built.arguments)
    given, others = split_vars(built.arguments)
    is_left_out = os.environ.get("COVERAGE_CHANGE", "1") == "0" or SELECTIONS & set(others)
    if is_left_out or not year.is_as_reported:
        return
    extracts_of = {year_of(one.arguments).school_year: one for one in years}
    needed = what_ifs_needed(places.published, year.school_year)
    for what_if in needed:
        if what_if.school_year not in extracts_of:
            say(f"Not separated from the rest of the change: reporting. It takes {what_if.words}, and this run has no "
                f"extracts of it. Name both years in one run: --years.")  # fmt: skip
    possible = [what_if for what_if in needed if what_if.school_year in extracts_of]
    if not possible:
        return
    places.working.mkdir(mode=0o700)
    progress = Progress()
    try:
        what_ifs = {}
        for number, what_if in enumerate(possible):
            progress.phase(f"Why coverage moved: {what_if.words}.")
            source = extracts_of[what_if.school_year]
            own = places.working / str(number)
            own.mkdir(mode=0o700)
            scratch = replace(
                places, extracts=places.working / what_if.school_year, built=own / places.built.name
            )
            # Two what-ifs of one year read its extracts once.
            if source.extracts and not scratch.extracts.exists():
                prepare_extracts(source.extracts, scratch)
            arguments = arguments_of(what_if, source)
            run_selection(WHAT_IF, arguments, scratch, str(scratch.extracts) if source.extracts else "", lock, progress)
            what_ifs[year_of(arguments)] = scratch.built
        progress.phase("Why coverage moved: the parts of the change.")
        add_to_published(places, what_ifs)
        # The table is made of others of the warehouse alone.
        run_selection(CHANGE, ["--vars", given], places, "", lock, progress)
        publish(places)
    finally:
        ignore_signals()
        shutil.rmtree(places.working, ignore_errors=True)


def arguments_of(what_if: WhatIf, year: Year) -> list[str]:
    try:
        return vars_argument(split_vars(year.arguments)[0], **what_if.settings)
    except ValueError as error:
        raise NotPublished(str(error)) from None


def run_selection(
    selection: tuple[str, ...], arguments: list[str], places: Places, extracts: str, lock: int, progress: Progress
) -> None:
    """Builds some tables of a year that has been built before, without the tests that it has passed."""
    run = run_dbt([*arguments, *selection], places, extracts, lock, progress)
    if run.status != 0:
        say("\n".join([*lines_of_failure(run), f"dbt's log: {log_of_dbt()}."]))
        raise NotPublished("Why coverage moved could not be computed (--no-change leaves it out).")


def remove(first_year: int, definitions: str | None, places: Places) -> None:
    """Removes a school year, or its rows by some definitions. Raises NotPublished if there is none, or built last."""
    school_year = label_of(first_year)
    if not places.published.exists():
        raise NotPublished(f"There is no warehouse {places.published}.")
    with duckdb.connect() as connection:
        attach(connection, places.published, "published")
        kept, last = years_kept(connection, "published"), last_year(connection, "published")
    removed = [year for year in kept if year.school_year == school_year and definitions in (None, year.definitions)]
    if not removed:
        named = BuiltYear(school_year, definitions or school_year)
        raise NotPublished(f"{places.published} has no school year {named}.")
    if last in removed:
        raise NotPublished(
            f"{last} was built last, and the person-level tables are of that year. Build another first, "
            f"or move {places.published} away."
        )
    remove_leftovers(places)
    places.working.mkdir(mode=0o700)
    try:
        shutil.copyfile(places.published, places.built)
        deleted = remove_year(places.built, school_year, definitions)
        publish(places)
    finally:
        ignore_signals()
        shutil.rmtree(places.working, ignore_errors=True)
    say(f"{' and '.join(map(str, removed))} was removed: {deleted:,} rows of marts, schools and published.")


def is_full(places: Places, run: DbtRun, error: Exception) -> bool:
    said = "\n".join([*run.errors, *run.unreadable, str(error)])
    is_said = "No space left on device" in said or "not enough disk space" in said.lower()
    return is_said or shutil.disk_usage(places.working).free < LEAST_FREE_BYTES


def sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        advice = f" {FREE_SPACE}" if error.errno == errno.ENOSPC else ""
        return f"{error.filename}: {error.strerror}.{advice}"
    return str(error)


def main(arguments: list[str], removed: tuple[int, str | None] | None = None) -> int:
    """Builds, or removes a school year that the warehouse keeps: its first year, and its definitions or all of them."""
    started = time.monotonic()
    os.umask(0o077)
    warehouse = warehouse_path()
    built: list[str] = []
    try:
        stop_on_signals()
        places = Places.of(warehouse)
        lock = claim(places)
        if lock is None:
            return 3
        if removed is not None:
            remove(*removed, places)
            return 0
        years = years_of(arguments)
        check(years, places)
        for year in years:
            if len(years) > 1:
                say(f"\nSchool year {year_of(year.arguments)}, {len(built) + 1} of {len(years)}.")
            os.environ |= {"EXTRACTS_DIR": year.extracts, "ACCEPT": year.accepted}
            stop_on_signals()
            build(year.arguments, places, lock)
            built.append(str(year_of(year.arguments)))
            stop_on_signals()
            explain_change(year, years, places, lock)
    except Stopped as stopped:
        return say_stopped(stopped.number)
    except (NotPublished, ExtractsError, OSError, duckdb.Error) as error:
        if Stopped.last is not None:
            return say_stopped(Stopped.last)
        state = "is as it was" if warehouse.exists() else "is not there yet"
        if built:
            state = f"has {' and '.join(built)} of this run; its other school years are unchanged"
        say(f"\nNot published. {sentence(error)}\n{warehouse} {state} ({time.monotonic() - started:.0f} s).")
        return 1
    say(f"\nPublished {places.published} in {time.monotonic() - started:.0f} s.")
    return 0
