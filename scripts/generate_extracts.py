#!/usr/bin/env python3
"""Draw synthetic registry extracts: clients, schools, education records, immunizations, exemptions.

All persons are fictional. The files have the form of Panorama's exports, and coverage by the annex's definitions is
close to what Ontario published for 2017-18 and 2018-19.

    generate_extracts.py seeds/extracts --students 6000 --seed 2018 --flaws demonstration
    generate_extracts.py /tmp/extracts --students 1600000 --format parquet

--students     students aged 7 to 17 in the denominator; about one client in 31 is added who is excluded from it
               (6 or 18 years old, inactive, without a date of birth or a usable school record)
--school-year  the first year of the school year: 2018 is 2018-19, with the health units and the agents of the year. The
               published levels are those of 2018; programs start in fixed calendar years, so cohorts of other years
               differ
--flaws        realistic: equal birth cohorts, flaws as rare as in a well-kept registry
               demonstration: nearly all students are 7, 12 or 17, in unequal numbers; every kind of flaw several times

Every client is marked in the column is_synthetic: builds, reports, releases and the explorer say that the numbers are
of fictional students.

Calibrated: coverage at 7, 12 and 17, exemptions at 7 and 17, the share of students with one usable school record, and
health units in several map categories. Invented: everything else, the differences between units included.

Every random number is an MD5 of (seed, purpose, entity), so the files do not depend on the number of threads. Rows are
in the order of their id. Clients are made 100,000 at a time: beyond that a table comes in numbered parts.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb

CLIENTS_PER_CHUNK = 100_000
EXTRACTS = ("clients", "schools", "education_records", "immunizations", "exemptions")
CHUNKED_EXTRACTS = ("clients", "education_records", "immunizations", "exemptions")
COPY_OPTIONS = {"csv": "format csv, header", "parquet": "format parquet, compression zstd"}
SQL_FOLDER = Path(__file__).parent


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw synthetic registry extracts.")
    parser.add_argument("output_folder", type=Path)
    parser.add_argument("--students", type=int, default=6000, help="students in the denominator (default: 6000)")
    parser.add_argument("--seed", type=int, default=2018)
    parser.add_argument("--school-year", type=int, default=2018, help="first year of the school year (default: 2018)")
    parser.add_argument("--format", choices=sorted(COPY_OPTIONS), default="csv")
    parser.add_argument("--flaws", choices=("demonstration", "realistic"), default="realistic")
    parser.add_argument("--threads", type=int, help="default: one per core")
    parser.add_argument("--memory-limit", default="6GB")
    return parser.parse_args()


def find_extract_files(folder: Path, names: tuple[str, ...] = EXTRACTS) -> list[Path]:
    patterns = [
        pattern
        for name in names
        for extension in COPY_OPTIONS
        for pattern in (f"{name}.{extension}", f"{name}_[0-9]*.{extension}", f"{name}/*.{extension}")
    ]
    return sorted(path for pattern in patterns for path in folder.glob(pattern))


def are_synthetic(folder: Path) -> bool:
    """Whether extracts are this script's, which it may replace: their clients are marked."""
    clients = find_extract_files(folder, ("clients",))
    for path in clients:
        rows = duckdb.read_parquet(str(path)) if path.suffix == ".parquet" else duckdb.read_csv(str(path))
        if "is_synthetic" not in rows.columns or rows.filter("is_synthetic is distinct from true").limit(1).fetchall():
            return False
    return bool(clients)


def extract_path(folder: Path, name: str, file_format: str, part: int | None) -> Path:
    if part is None:
        return folder / f"{name}.{file_format}"
    if file_format == "csv":
        return folder / f"{name}_{part:03}.csv"
    return folder / name / f"{part:03}.parquet"


def write_extract(connection: duckdb.DuckDBPyConnection, name: str, path: Path, file_format: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    target = str(path).replace("'", "''")
    connection.execute(f"copy (from extract_{name}) to '{target}' ({COPY_OPTIONS[file_format]})")


def generate(connection: duckdb.DuckDBPyConnection, arguments: argparse.Namespace, folder: Path) -> None:
    file_format = arguments.format
    clients = arguments.students + arguments.students // 30
    variables = {
        "seed": arguments.seed,
        "students": arguments.students,
        "school_year": arguments.school_year,
        "flaws": arguments.flaws,
        "clients": clients,
    }
    for name, value in variables.items():
        connection.execute(f"set variable {name} = ?", [value])
    connection.execute((SQL_FOLDER / "generate_extracts_reference.sql").read_text(encoding="utf-8"))
    write_extract(connection, "schools", extract_path(folder, "schools", file_format, None), file_format)

    chunk_sql = (SQL_FOLDER / "generate_extracts_chunk.sql").read_text(encoding="utf-8")
    is_in_parts = clients > CLIENTS_PER_CHUNK
    for part, first_client in enumerate(range(0, clients, CLIENTS_PER_CHUNK)):
        before_client = min(first_client + CLIENTS_PER_CHUNK, clients)
        connection.execute(f"set variable first_client = {first_client}")
        connection.execute(f"set variable before_client = {before_client}")
        connection.execute(chunk_sql)
        for name in CHUNKED_EXTRACTS:
            path = extract_path(folder, name, file_format, part if is_in_parts else None)
            write_extract(connection, name, path, file_format)


def main() -> int:
    arguments = parse_arguments()
    folder = arguments.output_folder
    if arguments.students < 1:
        print("--students must be at least 1.", file=sys.stderr)
        return 2
    present = find_extract_files(folder)
    if present and not are_synthetic(folder):
        print(f"{folder} holds extracts that this script did not draw: they are not replaced.", file=sys.stderr)
        return 2

    folder.mkdir(parents=True, exist_ok=True)
    # Inside the folder, so that the finished files are only renamed; earlier files are kept until then.
    with tempfile.TemporaryDirectory(prefix=".generate_extracts_", dir=folder) as scratch:
        finished = Path(scratch) / "finished"
        config = {"memory_limit": arguments.memory_limit, "temp_directory": f"{scratch}/spill"}
        if arguments.threads:
            config["threads"] = arguments.threads
        with duckdb.connect(config=config) as connection:
            generate(connection, arguments, finished)
        for path in present:
            path.unlink()
            if path.parent != folder and not any(path.parent.iterdir()):
                path.parent.rmdir()
        for path in find_extract_files(finished):
            target = folder / path.relative_to(finished)
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
