#!/usr/bin/env python3
"""Measures the cost of a build beside the floor and beside the same measures written by hand, by size, in one run.

    benchmark.py 50000 400000 1600000

For each number of students: draws the extracts if they do not exist yet (Parquet, realistic flaws; a multiple of 1.6
million is that many copies of the draw, each with ids of its own), then runs, one after the other and each in a folder
of its own, the floor (floor.py), `dbt parse`, `dbt build` with all its data tests into a new file, the floor again, the
peers (peer_pandas.py, peer_polars.py), each for its counts only and then for every row of the contract, and the floor
again; beyond 1.6 million students only the first floor, which takes minutes. The machine's speed varies: see the spread
of the floors. The peers' results are compared with the warehouse's tables, row by row. Before all sizes it runs
`icw build` on the demonstration, as people do from day to day: into a new warehouse, once more, and into one with five
other years.

Writes target/benchmark/results.json after each size; results of sizes that are not run again are kept.
render_results.py writes docs/performance.md from it.

--extracts   the folder of extracts, kept for the next run (default: target/benchmark/extracts)
--working    where the runs write, in a folder of their own that is removed after them (default: target/benchmark)
--peers      which peers to run (default: both, up to 1.6 million students). --peers with no name: none
--published  also a whole build with publishing, as `make build` does
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import duckdb
import jinja2
import psutil
import yaml
from compare_peers import differences, tables
from copy_extracts import copy_extracts
from measure import CommandFailed, Measured, OutOfMemory, measure
from phases import BuildTimes

from immunization_coverage.project import DBT, ROOT
from immunization_coverage.years import label_of

BENCHMARKS = ROOT / "benchmarks"
GENERATOR = sorted((ROOT / "scripts").glob("generate_extracts*"))
EXTRACTS = ("clients", "schools", "education_records", "immunizations", "exemptions")
PEERS = ("pandas", "polars")
ICW_BUILD = (sys.executable, "-m", "immunization_coverage", "build")
# Multiples of it are copies of its draw; they have one floor and no peers, since each run takes minutes.
ONTARIO = 1_600_000
SEED = 2018
SCHOOL_YEAR = 2018
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "pandas", "polars", "pyarrow")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the build beside the floor and the peers.")
    parser.add_argument("students", type=int, nargs="+", help="sizes, in students")
    parser.add_argument("--extracts", type=Path, default=ROOT / "target/benchmark/extracts")
    parser.add_argument("--working", type=Path, default=ROOT / "target/benchmark")
    parser.add_argument("--results", type=Path, default=ROOT / "target/benchmark/results.json")
    parser.add_argument("--peers", nargs="*", choices=PEERS)
    parser.add_argument("--published", action="store_true")
    return parser.parse_args()


def say(text: str) -> None:
    print(f"{datetime.now():%H:%M:%S} {text}", flush=True)


# The machine and the project


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def operating_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform(terse=True)


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def environment() -> dict:
    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit + (" and changes" if git("status", "--porcelain", "--untracked-files=no") else ""),
        "processor": processor(),
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "operating_system": operating_system(),
        "versions": {"python": platform.python_version()} | {package: version(package) for package in PACKAGES},
    }


def duckdb_settings() -> dict:
    """DuckDB's settings in the profile that dbt builds with (memory limit, threads, file format); the floor's too."""
    templates = jinja2.Environment()
    templates.filters |= {"as_bool": bool, "as_number": int, "as_native": str}
    template = templates.from_string((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    profile = yaml.safe_load(template.render(env_var=lambda name, default="": os.environ.get(name, default)))
    project = profile["immunization_coverage"]
    output = project["outputs"][project["target"]]
    settings = (output.get("config_options") or {}) | (output.get("settings") or {})
    return {name: value for name, value in settings.items() if value not in (None, "")}


# Extracts


def extracts_of(students: int, folder: Path) -> tuple[Path, float | None]:
    """The folder of the extracts of a size, and the seconds it took to draw them; None if they existed.

    Extracts are drawn again if the generator has changed since.
    """
    copies, rest = divmod(students, ONTARIO)
    if copies > 1 and rest == 0:
        drawn, _ = extracts_of(ONTARIO, folder)
        return copies_of(drawn, folder / f"{copies}_copies_of_{drawn.name}", copies), None
    drawn = folder / f"{students}_students_seed_{SEED}"
    arguments = ["--students", students, "--seed", SEED, "--school-year", SCHOOL_YEAR, "--format", "parquet"]
    arguments += ["--flaws", "realistic"]
    content = hashlib.sha256(b"".join(path.read_bytes() for path in GENERATOR)).hexdigest()
    drawn_by = {"arguments": arguments, "generator": content}
    record = drawn / "drawn_by.json"
    if record.exists() and json.loads(record.read_text(encoding="utf-8")) == drawn_by:
        return drawn, None
    say(f"drawing the extracts of {students:,} students")
    record.unlink(missing_ok=True)
    command = [sys.executable, ROOT / "scripts/generate_extracts.py", drawn, *arguments]
    seconds = measure(command, folder / "drawing", ROOT).seconds
    record.write_text(json.dumps(drawn_by), encoding="utf-8")
    return drawn, seconds


def copies_of(drawn: Path, folder: Path, copies: int) -> Path:
    """The folder of that many copies of a draw, made if it does not exist or is of another draw."""
    record = folder / "drawn_by.json"
    drawn_by = (drawn / record.name).read_text(encoding="utf-8")
    if not record.exists() or record.read_text(encoding="utf-8") != drawn_by:
        say(f"copying {drawn.name} {copies} times")
        record.unlink(missing_ok=True)
        copy_extracts(drawn, folder, copies)
        record.write_text(drawn_by, encoding="utf-8")
    return folder


def rows_of_extracts(folder: Path) -> dict[str, int]:
    rows = {}
    for name in EXTRACTS:
        files = folder / name / "*.parquet" if (folder / name).is_dir() else folder / f"{name}.parquet"
        rows[name] = duckdb.read_parquet(str(files)).count("*").fetchall()[0][0]
    return rows


# What is measured


def run(name: str, command: list, folder: Path, **variables: str) -> Measured:
    shutil.rmtree(folder, ignore_errors=True)
    done = measure(command, folder, ROOT, {k: v for k, v in os.environ.items() if k != "COMPARE_WITH"} | variables)
    say(f"  {name}: {done.seconds:.1f} s, {done.memory_bytes / 1e9:.2f} GB")
    return done


def run_floor(extracts: Path, folder: Path, settings: dict) -> dict:
    command = [sys.executable, BENCHMARKS / "floor.py", extracts, folder / "floor.duckdb", json.dumps(settings)]
    done = run("floor", command, folder)
    return done.figures() | json.loads(done.output)


def run_build(extracts: Path, folder: Path) -> dict:
    # dbt's own files are beside the folder, so that they are not counted as the warehouse's disk space.
    warehouse, target, logs = folder / "warehouse.duckdb", folder.with_name("dbt_target"), folder.with_name("dbt_logs")
    variables = {"WAREHOUSE_PATH": str(warehouse), "EXTRACTS_DIR": str(extracts)}
    variables |= {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(logs)}
    read = run("dbt parse", [DBT, "--no-use-colors", "parse"], folder, **variables)
    done = run("dbt build", [DBT, "--no-use-colors", "build"], folder, **variables)
    times = BuildTimes(target, done.started_at, done.ended_at)
    phases = times.phases()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
        rows = {}
        for schema, table in tables:
            count = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()[0][0]
            rows.setdefault(schema, {})[table] = count
    return done.figures() | {
        "warehouse_bytes": warehouse.stat().st_size,
        "seconds_of_reading_the_project": read.seconds,
        "phases": phases,
        "seconds_without_tests": done.seconds - phases.get("tests", {"wall_seconds": 0.0})["wall_seconds"],
        "seconds_for_peers_measures": seconds_for_peer(times, rows=False),
        "seconds_for_peers_rows": seconds_for_peer(times, rows=True),
        "rows": rows,
    }


def seconds_for_peer(times: BuildTimes, rows: bool) -> float:
    return times.seconds_up_to({tuple(table.split(".")) for table in tables(rows)})


def run_published(extracts: Path, folder: Path) -> dict:
    variables = {"WAREHOUSE_PATH": str(folder / "warehouse.duckdb"), "EXTRACTS_DIR": str(extracts)}
    return run("icw build", ICW_BUILD, folder, **variables).figures()


def run_daily(working: Path) -> dict:
    """Whole builds of the demonstration, by name; dbt has read the project before."""
    warehouse = working / "warehouse.duckdb"
    variables = {"WAREHOUSE_PATH": str(warehouse), "EXTRACTS_DIR": ""}

    def build(name: str) -> dict:
        return run(name, [*ICW_BUILD, "--no-change"], working / "output", **variables).figures()

    build("demonstration, for dbt to have read the project")
    warehouse.unlink()
    daily = {"into a new warehouse": build("demonstration"), "once more": build("demonstration, once more")}
    add_years(warehouse, [label_of(year) for year in range(SCHOOL_YEAR - 5, SCHOOL_YEAR)])
    return daily | {"a year beside five others": build("demonstration, beside five other years")}


def add_years(warehouse: Path, school_years: list[str]) -> None:
    """Gives a warehouse these years in the place of its own, each as a build of its own, with copies of its rows."""
    with duckdb.connect(str(warehouse)) as connection:
        found = connection.execute(
            "select table_schema || '.' || table_name, "
            "max(case when column_name = 'build_id' then ', build_id || year as build_id' else '' end) "
            "from information_schema.columns where table_schema in ('marts', 'schools', 'published') "
            "and column_name in ('school_year', 'definitions', 'build_id') group by all "
            "having count(*) filter (column_name <> 'build_id') = 2"
        ).fetchall()
        for table, build in found:
            connection.execute(
                "create or replace temp table years as select own.* replace "
                f"(year as school_year, year as definitions{build}) "
                f"from {table} as own cross join (select unnest(?) as year)",
                [school_years],
            )
            connection.execute(f"delete from {table}")
            connection.execute(f"insert into {table} from years")


def run_peer(name: str, extracts: Path, folder: Path, warehouse: Path, rows: bool) -> dict:
    scope = ["--rows"] if rows else []
    command = [sys.executable, BENCHMARKS / f"peer_{name}.py", extracts, folder / "tables", *scope]
    what = f"{name}, {'every row' if rows else 'counts only'}"
    try:
        done = run(what, command, folder)
    except OutOfMemory as failure:
        say(f"  {failure}")
        return {"failed": str(failure).splitlines()[0]}
    different = differences(warehouse, folder / "tables", rows)
    if different:
        raise CommandFailed(f"{what}: other results than the warehouse's.\n" + "\n".join(different))
    return done.figures() | {"seconds_by_step": json.loads(done.output.splitlines()[-1])}


def run_size(students: int, arguments: argparse.Namespace, working: Path) -> dict:
    settings = duckdb_settings()
    extracts, drawn_seconds = extracts_of(students, arguments.extracts.resolve())
    say(f"{students:,} students")
    is_beyond_ontario = students > ONTARIO
    floors = [run_floor(extracts, working / "floor", settings)]

    def another_floor() -> None:
        if not is_beyond_ontario:
            floors.append(run_floor(extracts, working / "floor", settings))

    build = run_build(extracts, working / "build")
    another_floor()
    warehouse = working / "build" / "warehouse.duckdb"
    wanted = (() if is_beyond_ontario else PEERS) if arguments.peers is None else arguments.peers
    peers, peers_rows = (
        {name: run_peer(name, extracts, working / name, warehouse, rows) for name in wanted} for rows in (False, True)
    )
    published = run_published(extracts, working / "published") if arguments.published else None
    another_floor()
    floor_seconds = statistics.median(floor["seconds"] for floor in floors)
    say(f"  build ÷ floor: {build['seconds'] / floor_seconds:.1f}")
    return {
        "students": students,
        "environment": environment() | {"duckdb_settings": settings},
        "drawn_seconds": drawn_seconds,
        "extract_rows": rows_of_extracts(extracts),
        "floors": floors,
        "floor_seconds": floor_seconds,
        "build": build,
        "published": published,
        "peers": peers,
        "peers_rows": peers_rows,
    }


def main() -> int:
    arguments = parse_arguments()
    arguments.working.mkdir(parents=True, exist_ok=True)
    results = json.loads(arguments.results.read_text(encoding="utf-8")) if arguments.results.exists() else {}
    measured: dict[str, Callable[[Path], dict]] = {
        "daily": lambda working: {"environment": environment(), "builds": run_daily(working)}
    }
    measured |= {str(students): partial(run_size, students, arguments) for students in arguments.students}
    for name, measure_all in measured.items():
        try:
            with tempfile.TemporaryDirectory(prefix="running_", dir=arguments.working) as working:
                results[name] = measure_all(Path(working).resolve())
        except CommandFailed as failure:
            print(f"\n{failure}", file=sys.stderr)
            return 1
        arguments.results.parent.mkdir(parents=True, exist_ok=True)
        arguments.results.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
