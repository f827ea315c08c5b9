"""Writes the published tables as files that are safe to publish: Parquet, CSV, one read-only DuckDB file, a README.

The tables are attacked first (attack.py). If the attack cannot prove a small count safe, its column is withheld in all
units, then in the province, and its age is attacked again; a release that is still not safe is not published.
"""

import contextlib
import ctypes
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from immunization_coverage.release.attack import Release, Result, attack, decide_all, published, rule_of, true_counts
from immunization_coverage.release.earlier import (
    DATABASE,
    EarlierRelease,
    contradicts,
    differing,
    earlier_releases,
    keep,
    of_the_same_units,
    printed_before,
    small_differences,
)
from immunization_coverage.release.rule import GENDERS_WITHHELD, Frame, Rule
from immunization_coverage.warehouse import warehouse_path
from immunization_coverage.years import attach_last_year

# The files of a release with their hashes, as `sha256sum --check` reads them.
MANIFEST = "SHA256SUMS"
AT_FDCWD, RENAME_EXCHANGE = -100, 2
# Rounds of withholding what the attack cannot prove safe.
MOST_ROUNDS = 6


class NotPublished(Exception):
    """Nothing was published. The message is a sentence for the user."""


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables of schema `published`. Raises NotPublished if there are none."""
    tables = [
        name for (name,) in connection.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = current_database() and table_schema = 'published' order by 1"
        ).fetchall()
    ]
    if "releases" not in tables:
        raise NotPublished("The warehouse has no published tables. Build it first: icw build.")
    return tables


def check(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> None:
    """Refuses tables that the data dictionary does not describe, and tables of several builds."""
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


def say(line: str) -> None:
    print(line, flush=True)


def copy_tables(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> None:
    """Copies the release to memory: a count that is withheld there is never written to its files."""
    connection.execute("create schema memory.published")
    for table in tables:
        connection.execute(f"create table memory.published.{table} as from of_year.published.{table}")


def withhold(connection: duckdb.DuckDBPyConnection, cells: set[tuple[int, str, str]], frames: dict[int, Frame]) -> None:
    """Withholds cells (age, column, unit) of the release in memory."""
    one_gender = [(age, antigen) for age, frame in frames.items() for antigen in frame.of_one_gender]
    connection.execute("create or replace temp table cells (age int, column_name varchar, unit varchar)")
    connection.execute("create or replace temp table one_gender (age int, antigen varchar)")
    for table, rows in (("cells", sorted(cells)), ("one_gender", one_gender)):
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(f"insert into {table} values ({marks})", rows)
    of_gender = "(age, antigen) in (select (age, antigen) from one_gender)"
    by_gender = f"gender <> 'all' and not coalesce({of_gender}, false)"
    is_cell = "(age, {0}, coalesce(phu_id, 'province')) in (select (age, column_name, unit) from cells)"
    genders = f"({by_gender} and age in (select age from cells where column_name = 'genders'))"
    column = "concat_ws('/', case measure when 'completion' then 'coverage' else measure end, antigen)"
    students = f"case when {of_gender} then concat('students/', antigen) else 'students' end"
    connection.execute(
        "update memory.published.measures set students_counted = null, percent = null, map_category = null, "
        f"withheld_reason = 'withheld' where {is_cell.format(column)} or {genders}"
    )
    connection.execute(
        f"update memory.published.measures set students = null where {is_cell.format(students)} or {genders}"
    )
    connection.execute(
        "update memory.published.school_assignment set students = null, percent = null, withheld_reason = 'withheld' "
        "where (age, 'school_assignment', decision) in (select (age, column_name, unit) from cells)"
    )
    connection.execute(
        "update memory.published.releases set counts_withheld = "
        "(select count(*) from memory.published.measures where withheld_reason is not null)"
    )


def withheld_by(rule: Rule, truth: Release) -> set[tuple[int, str, str]]:
    """The cells that the rule withholds of the true counts."""
    return {(age, *cell) for age, reasons in decide_all(rule, truth).items() for cell in reasons}


def hold_back(rule: Rule, result: Result) -> bool:
    """Adds the columns of findings to those that the rule withholds. Returns whether there were any to add."""
    columns = {(finding.age, finding.column) for finding in result.findings}
    is_new = any(rule.columns_withheld.get(column) != "province" for column in columns)
    for column in columns:
        is_last = column in rule.columns_withheld or column[1] == GENDERS_WITHHELD[0]
        rule.columns_withheld[column] = "province" if is_last else "phu"
    return is_new


def attacked(
    connection: duckdb.DuckDBPyConnection, earlier: list[EarlierRelease], again: bool
) -> None:
    """Makes the release in memory safe. Raises NotPublished with the reason if it cannot be."""
    release = published(connection, "memory.published")
    rule = rule_of(connection, release.suppress_below)
    truth = true_counts(connection, release.suppress_below)
    before = [(one, of_the_same_units(one, release)) for one in earlier]
    others = [(one, rows) for one, rows in before if differing(release, rows)]
    if others and not again:
        one, rows = others[0]
        rows_that_differ = differing(release, rows)
        measures = ", ".join(sorted({key[0] for key in rows_that_differ}))
        raise NotPublished(
            f"{one.school_year} has been released before: {one}. {len(rows_that_differ)} counts differ, of {measures}. "
            "A reader of both could subtract one from the other: release a year once. With --again "
            "the difference is attacked, and the release is published if no small count follows."
        )
    rules, same, of_other_data, cells = [rule], [], [], set()
    for one, rows in others:
        cells |= {cell for cell in one.withheld if rows is one.rows}
        if contradicts(truth, rows):
            of_other_data.append((one, rows))
            continue
        same.append(rows)
        if rows is one.rows:
            rules.append(Rule(rule.frames, rows.suppress_below))
            if withheld_by(rules[-1], truth) != one.withheld:
                raise NotPublished(f"{one} withholds other counts than the rule: what follows from it is not known.")
    withhold(connection, cells, rule.frames)
    ages = None
    for round_number in range(MOST_ROUNDS):
        release = published(connection, "memory.published")
        refuse_differences(release, of_other_data, rule.frames)
        result = attack(release, truth, rule.frames, rules, same, frozenset(cells), ages, say)
        for line in result.lines():
            say(line)
        if result.is_safe:
            return
        if result.unexplained or same or not hold_back(rule, result) or round_number == MOST_ROUNDS - 1:
            break
        say(f"{len(result.findings)} are not proven safe: their columns are withheld, and their ages attacked again.")
        # Ages are decided independently of each other.
        ages = {finding.age for finding in result.findings}
        withhold(connection, withheld_by(rule, truth), rule.frames)
    what = (
        f"{len(result.findings)} small counts can be derived from the published tables, such as: {result.findings[0]} "
        if result.findings else "The published tables are not those that the rule makes of the marts. "
    )
    raise NotPublished(f"{what}icw attack names them all.")


def refuse_differences(
    release: Release, others: list[tuple[EarlierRelease, Release]], frames: dict[int, Frame]
) -> None:
    """Refuses a release of different data that differs by a small number, or withholds a count printed before."""
    for one, rows in others:
        if small := small_differences(release, rows, frames):
            raise NotPublished(
                f"{one} differs from this one by small numbers of students: {len(small)} follow, such as {small[0]}."
            )
        if printed := printed_before(release, rows):
            measure, unit, age, antigen, _ = printed[0]
            raise NotPublished(
                f"{one} printed {len(printed)} counts that are withheld now, such as {measure}, {antigen or 'all'}, "
                f"age {age}, {unit or 'province'}."
            )


def write(connection: duckdb.DuckDBPyConnection, tables: list[str], folder: Path) -> None:
    quoted = {path: str(path).replace("'", "''") for path in (folder, folder / DATABASE)}
    # Other programs may have an older DuckDB, which reads this format only.
    connection.execute(f"attach '{quoted[folder / DATABASE]}' as files (storage_version 'v1.0.0')")
    connection.execute("create schema files.published")
    for table in tables:
        # Rows in a stable order, so that two releases can be compared as files.
        rows = f"from published.{table} order by all"
        connection.execute(f"copy ({rows}) to '{quoted[folder]}/{table}.parquet' (format parquet, compression zstd)")
        connection.execute(f"copy ({rows}) to '{quoted[folder]}/{table}.csv' (header)")
        connection.execute(f"create table files.published.{table} as {rows}")
    for table, column, text in connection.execute(
        "select table_name, column_name, description from published.data_dictionary union all "
        "select distinct table_name, null, table_description from published.data_dictionary"
    ).fetchall():
        commented = f'column files.published.{table}."{column}"' if column else f"table files.published.{table}"
        quoted_text = " ".join(text.split()).replace("'", "''")
        connection.execute(f"comment on {commented} is '{quoted_text}'")
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
    [(definitions_of, is_own_annex_read)] = connection.execute(
        "select definitions_of, is_own_annex_read from warehouse.annex.school_years where school_year = ?",
        [release["school_year"]],
    ).fetchall()
    taken_over = "" if is_own_annex_read else f" (the annex of {release['school_year']} was not read)"
    lines = [
        f"# Immunization coverage of school pupils, Ontario, {release['school_year']}",
        "",
        *(["**Synthetic demonstration: the students are fictional.**", ""] if release["is_demonstration"] else []),
        "By the technical annex of Public Health Ontario's *Immunization Coverage Report for School Pupils: "
        f"{definitions_of.replace('-', '–')} School Year*{taken_over}. Build `{release['build_id']}` of "
        f"{release['built_at']:%Y-%m-%d %H:%M} UTC, rules `{release['rules_hash']}`, project version "
        f"{release['project_version']}, education records `{release['education_record_window']}`.",
        "",
        "Each table is here as Parquet, as CSV (UTF-8, comma, header, empty where there is no value) and in "
        f"`{DATABASE}`, schema `published`.",
        "",
        "## What is withheld",
        "",
        f"Counts above 0 and below {release['suppress_below']} students, differences of counts included, and the "
        f"counts from which they could be derived: {release['counts_withheld']} of {release['counts']} counts of "
        "`measures`. Where a count is withheld it is empty, its percent is too, and `withheld_reason` is `withheld`: "
        "the same word for all, since a reason would disclose something about the count.",
        "",
        "The protection covers this release together with those of the same school year that the publishing warehouse "
        "knows of. Two releases that differ by a few students can be subtracted from each other: release a year once.",
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
    """Replaces the published folder by the new one, in one step if the system can."""
    if not published.exists():
        os.rename(new, published)
        return
    # Windows has neither.
    with contextlib.suppress(AttributeError, OSError, TypeError):
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
    """Files of a folder that no release wrote, or that were changed since."""
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


def publish(warehouse: Path, folder: Path, again: bool = False, named: Sequence[Path] = ()) -> None:
    """Attacks and writes a release in one step. Raises NotPublished if it is unsafe, or the folder has other files."""
    if not warehouse.exists():
        raise NotPublished(f"There is no warehouse {warehouse}. Build it first: icw build.")
    foreign = not_of_a_release(folder)
    if foreign:
        files = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
        raise NotPublished(
            f"{folder} has files that are not of a release, or were changed: {files}. Move them away, or name another "
            "folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        with duckdb.connect(":memory:") as connection:
            attach_last_year(connection, warehouse)
            tables = tables_of(connection)
            check(connection, tables)
            [(school_year, build_id, threshold)] = connection.execute(
                "select school_year, build_id, suppress_below from published.releases"
            ).fetchall()
            copy_tables(connection, tables)
            attacked(connection, earlier_releases(warehouse.resolve(), named, school_year), again)
            connection.execute("use memory")
            write(connection, tables, new)
            (new / "README.md").write_text(readme(connection), encoding="utf-8")
        write_manifest(new)
        # Everybody may read what is published; nobody may write to the database.
        for file in new.iterdir():
            file.chmod(0o444 if file.name == DATABASE else 0o644)
        new.chmod(0o755)
        # Kept before it is published, so that the next release knows of it in any case.
        keep(warehouse.resolve(), new / DATABASE, f"{school_year} {threshold} {build_id}")
        exchange(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def main(folder: Path, again: bool = False, earlier: Sequence[Path] = ()) -> int:
    # A symbolic link is kept; the folder that it points to is replaced.
    folder = folder.resolve()
    warehouse = warehouse_path()
    state = "is as it was" if folder.exists() else "is not there yet"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock"), blocking=False):
            publish(warehouse, folder, again, earlier)
    except Timeout:
        print(f"Not published: {folder} is being published by another process.")
        return 1
    except (NotPublished, OSError, duckdb.Error, ValueError) as error:
        print(f"Not published: {error} {folder} {state}.")
        return 1
    print(f"Published {folder}: " + ", ".join(sorted(file.name for file in folder.iterdir())))
    return 0
