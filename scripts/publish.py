#!/usr/bin/env python3
"""Write the published tables as files that may leave the house: Parquet, CSV, one read-only DuckDB file, a README.

    publish.py [folder]
    WAREHOUSE_PATH=/path/to/2018.duckdb publish.py /path/to/published

folder          where the files go (default: published/ in the project folder); replaced as a whole, in one step. A
                folder that holds anything else than the files of a release, as its SHA256SUMS names them, is left
                alone; through a symbolic link, its folder is replaced and the link stays
WAREHOUSE_PATH  the warehouse to publish from (default: warehouse.duckdb in the project folder); it is only read

The tables are attacked first (attack_release.py): what the attack breaks is not published.

Exit status: 0 published; 1 not published, the folder is as it was; 2 a wrong argument.
"""

import argparse
import contextlib
import ctypes
import hashlib
import os
import shutil
import sys
from pathlib import Path

import duckdb
from attack_release import attack_warehouse
from filelock import FileLock, Timeout

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "immunization_coverage.duckdb"
# The files of a release with their hashes, as `sha256sum --check` reads them.
MANIFEST = "SHA256SUMS"
AT_FDCWD, RENAME_EXCHANGE = -100, 2


class NotPublished(Exception):
    """Says in a sentence why there are no new files."""


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    tables = [
        name for (name,) in connection.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = current_database() and table_schema = 'published' order by 1"
        ).fetchall()
    ]
    if "releases" not in tables:
        raise NotPublished("The warehouse has no published tables. Build it first: make build.")
    return tables


def check(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> None:
    """Only what the data dictionary describes goes out, and only what the attack cannot break."""
    described = set(connection.execute("select table_name, column_name from published.data_dictionary").fetchall())
    built = set(
        connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_catalog = current_database() and table_schema = 'published'"
        ).fetchall()
    )
    if built != described:
        odd = ", ".join(sorted(".".join(column) for column in built ^ described))
        raise NotPublished(f"Tables and data dictionary differ: {odd}. Build the whole warehouse again.")
    builds = {
        build_id for table in tables
        for (build_id,) in connection.execute(f"select distinct build_id from published.{table}").fetchall()
    }
    if len(builds) > 1:
        raise NotPublished("The published tables come from different builds. Build the whole warehouse again.")
    found = attack_warehouse(connection)
    if found:
        raise NotPublished(
            f"{len(found)} small counts can be derived from the published tables, such as: {found[0]} "
            "attack_release.py names them all."
        )


def write(connection: duckdb.DuckDBPyConnection, tables: list[str], folder: Path) -> None:
    quoted = {path: str(path).replace("'", "''") for path in (folder, folder / DATABASE)}
    # The drivers of others may be years old; DuckDB 2.0 would write what only 2.0 reads.
    connection.execute(f"attach '{quoted[folder / DATABASE]}' as files (storage_version 'v1.0.0')")
    connection.execute("create schema files.published")
    for table in tables:
        # Rows in a stable order, so that two releases can be compared as files.
        rows = f"from published.{table} order by all"
        connection.execute(f"copy ({rows}) to '{quoted[folder]}/{table}.parquet' (format parquet, compression zstd)")
        connection.execute(f"copy ({rows}) to '{quoted[folder]}/{table}.csv' (header)")
        connection.execute(f"create table files.published.{table} as {rows}")
    for table, column, description in connection.execute(
        "select table_name, column_name, description from published.data_dictionary"
    ).fetchall():
        text = description.replace("'", "''")
        connection.execute(f"""comment on column files.published.{table}."{column}" is '{text}'""")
    connection.execute("detach files")


def readme(connection: duckdb.DuckDBPyConnection) -> str:
    release = dict(
        zip(
            [column[0] for column in connection.execute("from published.releases").description],
            connection.execute("from published.releases").fetchall()[0],
            strict=True,
        )
    )
    dictionary = connection.execute(
        "select table_name, table_description, column_name, data_type, description from published.data_dictionary "
        "order by table_name, column_position"
    ).fetchall()
    reasons = connection.execute(
        "select withheld_reason, count(*) from published.measures where withheld_reason is not null "
        "group by 1 order by 2 desc"
    ).fetchall()
    lines = [
        f"# Immunization coverage of school pupils, Ontario, {release['school_year']}",
        "",
        *(["**Synthetic demonstration: the numbers are of nobody.**", ""] if release["is_demonstration"] else []),
        "By the technical annex of Public Health Ontario's *Immunization Coverage Report for School Pupils: 2018–19 "
        f"School Year*. Build `{release['build_id']}` of {release['built_at']:%Y-%m-%d %H:%M} UTC, rules "
        f"`{release['rules_hash']}`, project version {release['project_version']}, education records "
        f"`{release['education_record_window']}`.",
        "",
        "Each table is here as Parquet, as CSV (UTF-8, comma, header, empty where there is no value) and in "
        f"`{DATABASE}`, schema `published`.",
        "",
        "## What is withheld",
        "",
        f"Counts above 0 and below {release['suppress_below']} students, what subtraction would give included, and the "
        f"counts from which they could be derived: {release['counts_withheld']} of {release['counts']} counts of "
        "`measures`. Where a count is withheld it is empty, its percent is too, and `withheld_reason` says why.",
        "",
        *(f"- `{reason}`: {rows}" for reason, rows in reasons),
        "",
        "The protection holds for one release of one school year. Two releases of the same year that differ by a few "
        "students, or two thresholds, can be subtracted from each other: release a year once.",
    ]
    table_before = None
    for table, table_description, column, data_type, description in dictionary:
        if table != table_before:
            lines += ["", f"## {table}", "", " ".join(table_description.split()), ""]
            lines += ["| column | type | meaning |", "|---|---|---|"]
            table_before = table
        lines.append(f"| {column} | {data_type} | {description.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def exchange(new: Path, published: Path) -> None:
    """Puts the new folder in the place of the published one; where the system can, in one step."""
    if not published.exists():
        os.rename(new, published)
        return
    with contextlib.suppress(AttributeError, OSError):
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        if rename(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(published), RENAME_EXCHANGE) == 0:
            return
    aside = new.with_name(f"{new.name}.old")
    os.rename(published, aside)
    os.rename(new, published)
    os.rename(aside, new)


def hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    lines = [f"{hash_of(file)}  {file.name}\n" for file in sorted(folder.iterdir())]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")


def not_of_a_release(folder: Path) -> list[str]:
    """What a folder holds that no release wrote, or that was changed since one did."""
    if not folder.exists():
        return []
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    hashes = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.name != MANIFEST or not lines
        if entry.is_symlink() or not entry.is_file() or hashes.get(entry.name) != hash_of(entry)
    )


def publish(warehouse: Path, folder: Path) -> None:
    if not warehouse.exists():
        raise NotPublished(f"There is no warehouse {warehouse}. Build it first: make build.")
    foreign = not_of_a_release(folder)
    if foreign:
        named = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
        raise NotPublished(
            f"{folder} holds other files than a release as it was written: {named}. Move them away, or name another "
            "folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        with duckdb.connect(":memory:") as connection:
            path = str(warehouse.resolve()).replace("'", "''")
            connection.execute(f"attach '{path}' as warehouse (read_only)")
            connection.execute("use warehouse")
            tables = tables_of(connection)
            check(connection, tables)
            write(connection, tables, new)
            (new / "README.md").write_text(readme(connection), encoding="utf-8")
        write_manifest(new)
        # What leaves the house may be read by all; the database by nobody to write.
        for file in new.iterdir():
            file.chmod(0o444 if file.name == DATABASE else 0o644)
        new.chmod(0o755)
        exchange(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default=ROOT / "published", type=Path)
    # Through a symbolic link: its folder is replaced, the link stays.
    folder = parser.parse_args().folder.resolve()
    warehouse = Path(os.environ.get("WAREHOUSE_PATH") or ROOT / "warehouse.duckdb")
    state = "is as it was" if folder.exists() else "is not there"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock"), blocking=False):
            publish(warehouse, folder)
    except Timeout:
        print(f"Not published: {folder} is being published by another process.")
        return 1
    except (NotPublished, OSError, duckdb.Error, ValueError) as error:
        print(f"Not published: {error} {folder} {state}.")
        return 1
    print(f"Published {folder}: " + ", ".join(sorted(file.name for file in folder.iterdir())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
