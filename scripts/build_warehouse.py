#!/usr/bin/env python3
"""Build the warehouse in a private place and publish it in one step: readers see the last good build or the new one.

    build_warehouse.py [arguments of dbt build …]
    EXTRACTS_DIR=/path/to/extracts WAREHOUSE_PATH=/path/to/2018.duckdb build_warehouse.py --vars '{school_year: 2018}'

EXTRACTS_DIR    the folder of extracts; unset or empty, the demonstration
WAREHOUSE_PATH  the DuckDB file that readers open (default: warehouse.duckdb in the project folder)

Beside the warehouse w.duckdb are .w.duckdb.lock (who builds), .w.duckdb.building (while a build runs) and
.w.duckdb.failed.duckdb (the last build, where it failed; until the next one starts).

Exit status: 0 published; 1 not published, the warehouse is as it was; 3 another build of it is running; 128 and the
signal's number where a signal stopped it. docs/operations.md says more.
"""

import argparse
import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml
from check_rules import is_day, nearest, problems_of_rules
from filelock import lock_descriptor
from prepare_extracts import ExtractsError, prepare

ROOT = Path(__file__).resolve().parents[1]
DBT = shutil.which("dbt", path=Path(sys.executable).parent) or "dbt"
STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
SECONDS_TO_STOP = 15
# Tables of marts to which each build appends its rows.
HISTORY = ("builds", "build_measures")
# Vars that are days, and what else they may be.
DAYS = {"as_of": "assessment_date", "recorded_by": "any_day"}


class NotPublished(Exception):
    """Says in a sentence why there is no new warehouse."""


class Stopped(BaseException):
    """A signal asked to stop."""

    def __init__(self, number: int) -> None:
        self.number = number


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
        # Through symbolic links: the file behind a link is replaced, the link stays.
        try:
            published = warehouse.resolve()
        except (OSError, RuntimeError) as error:
            raise NotPublished(f"WAREHOUSE_PATH: the symbolic links of {warehouse} form a loop.") from error
        if not published.parent.is_dir():
            raise NotPublished(f"WAREHOUSE_PATH: there is no folder {published.parent}. Create it, or name another.")
        if published.is_dir():
            raise NotPublished(f"WAREHOUSE_PATH: {published} is a folder. Name the file in it.")
        hidden = published.with_name(f".{published.name}")
        working = hidden.with_name(f"{hidden.name}.building")
        return cls(
            published=published,
            lock=hidden.with_name(f"{hidden.name}.lock"),
            working=working,
            extracts=working / "extracts",
            # DuckDB names a catalog after its file and stores that name in views: it has to be the published one.
            built=working / published.name,
            failed=hidden.with_name(f"{hidden.name}.failed.duckdb"),
        )


def wal_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def say(text: str) -> None:
    print(text, flush=True)


def claim(places: Places) -> int | None:
    """The descriptor that holds the warehouse's lock while any process has it open; none where another build has it."""
    descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o600)
    # Windows locks the first byte against reading too, so what is to be read comes after it.
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
    """What a build that was killed left behind, and the failed one before this."""
    if places.working.exists():
        shutil.rmtree(places.working)
    for database in (places.failed, wal_of(places.failed)):
        database.unlink(missing_ok=True)


def prepare_extracts(folder: str, places: Places) -> None:
    try:
        prepare(Path(folder).absolute(), places.extracts)
    except (ExtractsError, OSError):
        raise
    except Exception as error:
        # The text of an unexpected error may hold a row.
        at = traceback.extract_tb(error.__traceback__)[-1]
        raise NotPublished(f"{type(error).__name__} in {at.filename}, line {at.lineno}, at the extracts.") from None


def vars_of(arguments: list[str]) -> Any:
    """What --vars says, its values as they are written: to YAML 2018-13-45 would be a day that does not exist."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--vars", default="{}")
    try:
        return yaml.load(parser.parse_known_args(arguments)[0].vars, yaml.BaseLoader)
    except yaml.YAMLError:
        # dbt says what is wrong with it.
        return None


def problems_of_vars(arguments: list[str]) -> list[str]:
    known = list(yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"])
    given = vars_of(arguments)
    problems = []
    for name, value in given.items() if isinstance(given, dict) else ():
        if name not in known:
            problems.append(f"--vars: there is no var '{name}'{nearest(name, known)}. There are {', '.join(known)}.")
        elif name in DAYS and value != DAYS[name] and not is_day(str(value)):
            problems.append(f"--vars: {name} is '{value}': it must be a day such as 2018-11-15, or {DAYS[name]}.")
    return problems


def check(arguments: list[str]) -> None:
    problems = problems_of_vars(arguments) + problems_of_rules()
    if problems:
        raise NotPublished("\n".join(problems))


def tables_for_readers(database: Path) -> set[str]:
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            rows = connection.execute(
                "select table_schema || '.' || table_name from information_schema.tables "
                "where table_schema in ('marts', 'published')"
            ).fetchall()
    except duckdb.Error as error:
        raise NotPublished(
            f"{database} cannot be read ({error}). Close the program that has it open to write, or move the file away "
            "if it is broken."
        ) from error
    return {name for (name,) in rows}


def carry_history(places: Places) -> None:
    """What is kept from build to build (HISTORY) of the published warehouse; dbt appends this build."""
    if not places.published.exists():
        return
    tables = tables_for_readers(places.published) & {f"marts.{table}" for table in HISTORY}
    with duckdb.connect(str(places.built)) as connection:
        catalog = connection.execute("select current_database()").fetchall()[0][0].replace('"', '""')
        path = str(places.published).replace("'", "''")
        connection.execute(f"attach '{path}' as last_published_warehouse (read_only)")
        if tables:
            connection.execute(f'create schema "{catalog}".marts')
        for table in sorted(tables):
            connection.execute(f'create table "{catalog}".{table} as from last_published_warehouse.{table}')


def run_dbt(arguments: list[str], places: Places, extracts: str, lock: int) -> int:
    environment = os.environ | {"WAREHOUSE_PATH": str(places.built), "EXTRACTS_DIR": extracts}
    # For comparisons of two builds only; as a path relative to another folder it would end this one.
    environment.pop("COMPARE_WITH", None)
    # dbt inherits the lock: if this process is killed and dbt is not, nobody builds beside it.
    inherited = () if os.name == "nt" else (lock,)
    with subprocess.Popen([DBT, "build", *arguments], cwd=ROOT, env=environment, pass_fds=inherited) as dbt:
        try:
            return dbt.wait()
        except Stopped:
            dbt.terminate()
            try:
                dbt.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                dbt.kill()
            raise


def synchronize(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(places: Places) -> None:
    with duckdb.connect(str(places.built)) as connection:
        connection.execute("checkpoint")
    tables = tables_for_readers(places.built)
    if not tables:
        raise NotPublished("The build has no tables that readers read.")
    if places.published.exists():
        lost = tables_for_readers(places.published) - tables
        if lost:
            raise NotPublished(
                f"The published warehouse has tables that this build lacks: {', '.join(sorted(lost))}. Build without a "
                f"selection, or move {places.published} away if they are meant to go."
            )
    places.built.chmod(0o600)
    synchronize(places.built, os.O_RDWR)
    # Builds leave no write-ahead log, but whoever opened the published file to write may have. DuckDB would replay it
    # into the new file.
    wal_of(places.published).unlink(missing_ok=True)
    ignore_signals()
    os.replace(places.built, places.published)
    # Not every system can synchronize a folder, and the new file is in place whether it can or not.
    with contextlib.suppress(OSError):
        synchronize(places.published.parent, os.O_RDONLY)


def keep_failed(places: Places) -> str:
    """Moves what dbt built to where it can be looked at."""
    if not places.built.exists():
        return ""
    places.built.chmod(0o600)
    os.replace(places.built, places.failed)
    if wal_of(places.built).exists():
        os.replace(wal_of(places.built), wal_of(places.failed))
    return f"\nThe failed build can be looked at until the next one starts: {places.failed}"


def build(arguments: list[str], places: Places, lock: int) -> None:
    remove_leftovers(places)
    places.working.mkdir(mode=0o700)
    try:
        extracts = os.environ.get("EXTRACTS_DIR", "")
        if extracts:
            prepare_extracts(extracts, places)
            extracts = str(places.extracts)
        carry_history(places)
        status = run_dbt(arguments, places, extracts, lock)
        try:
            if status != 0:
                raise NotPublished(f"dbt build failed (exit status {status}): see above, and logs/dbt.log.")
            publish(places)
        except (NotPublished, OSError, duckdb.Error) as error:
            raise NotPublished(sentence(error) + keep_failed(places)) from error
    finally:
        ignore_signals()
        # What cannot be removed now is removed at the start of the next build.
        shutil.rmtree(places.working, ignore_errors=True)


def sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        advice = " Free some space and build again." if error.errno == errno.ENOSPC else ""
        return f"{error.filename}: {error.strerror}.{advice}"
    return str(error)


def main(arguments: list[str]) -> int:
    started = time.monotonic()
    os.umask(0o077)
    stop_on_signals()
    warehouse = Path(os.environ.get("WAREHOUSE_PATH") or ROOT / "warehouse.duckdb")
    try:
        places = Places.of(warehouse)
        lock = claim(places)
        if lock is None:
            return 3
        check(arguments)
        build(arguments, places, lock)
    except (NotPublished, ExtractsError, OSError, duckdb.Error) as error:
        state = "is as it was" if warehouse.exists() else "is not there yet"
        say(f"\nNot published. {sentence(error)}\n{warehouse} {state} ({time.monotonic() - started:.0f} s).")
        return 1
    except Stopped as stopped:
        say(f"\nNot published: stopped by {signal.Signals(stopped.number).name}.")
        return 128 + stopped.number
    say(f"\nPublished {places.published} in {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
