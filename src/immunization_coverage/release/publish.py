"""Writes the published tables as files that are safe to publish: Parquet, CSV, one read-only DuckDB file, a README.

The tables are attacked first (attack.py). If the attack cannot prove a small count safe, its column is withheld in all
units, then in the province, and its age is attacked again; a release that is still not safe is not published.
"""

import contextlib
import ctypes
import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from immunization_coverage.extracts.duckdb_files import quoted
from immunization_coverage.release.attack import (
    Release,
    Result,
    attack,
    decide_all,
    published,
    rule_of,
    true_counts,
    values_of,
)
from immunization_coverage.release.cohorts import (
    PROVINCE,
    OtherYear,
    OtherYears,
    is_small_together,
    mergers_of,
)
from immunization_coverage.release.earlier import (
    DATABASE,
    EarlierRelease,
    contradicts,
    differing,
    earlier_releases,
    is_made_of,
    of_own_unit,
    of_the_same_units,
    printed_before,
    small_differences,
)
from immunization_coverage.release.kept import keep
from immunization_coverage.release.rule import GENDERS_WITHHELD, Count, Frame, Rule, frames
from immunization_coverage.warehouse import records_of, warehouse_path
from immunization_coverage.years import attach_years, first_year_of, label_of, use_year

# The files of a release with their hashes, as `sha256sum --check` reads them.
MANIFEST = "SHA256SUMS"
AT_FDCWD, RENAME_EXCHANGE = -100, 2
SYNTHETIC = "Synthetic data: the students are fictional."
# Rounds of withholding what the attack cannot prove safe.
MOST_ROUNDS = 8


class NotPublished(Exception):
    """Nothing was published. The message is a sentence for the user."""


def years_to_publish(built: Sequence[str], wanted: Collection[str]) -> list[str]:
    """The school years of a warehouse that are wanted, all without a wish, in ascending order."""
    if not built:
        raise NotPublished("The warehouse has no published tables. Build it first: icw build.")
    if missing := sorted(set(wanted) - set(built)):
        raise NotPublished(
            f"The warehouse has no school year {' and '.join(missing)}, only {' and '.join(sorted(built))}."
        )
    return sorted(wanted or built)


def tables_of(connection: duckdb.DuckDBPyConnection) -> dict[str, bool]:
    """The published tables, and whether they have rows for each school year."""
    return dict(
        connection.execute(
            "select table_name, bool_or(column_name = 'school_year') from information_schema.columns "
            "where table_catalog = current_database() and table_schema = 'published' group by 1 order by 1"
        ).fetchall()
    )


def check(connection: duckdb.DuckDBPyConnection, tables: dict[str, bool], is_last: bool) -> None:
    """Only what the data dictionary describes goes out, and a school year of one build. Tables without school years are
    the last one's."""
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
        build_id
        for table, has_school_year in tables.items()
        if has_school_year or is_last
        for (build_id,) in connection.execute(f"select distinct build_id from published.{table}").fetchall()
    }
    if len(builds) > 1:
        raise NotPublished("The published tables come from different builds. Build the whole warehouse again.")


def say(line: str) -> None:
    print(line, flush=True)


def schema_of(school_year: str) -> str:
    """Where a school year of the release is made, of copies: nothing that it withholds is ever in the files."""
    return f'memory."{school_year}"'


def copy_year(connection: duckdb.DuckDBPyConnection, tables: dict[str, bool], school_year: str) -> None:
    connection.execute(f"create schema {schema_of(school_year)}")
    for table in tables:
        connection.execute(f"create table {schema_of(school_year)}.{table} as from of_year.published.{table}")


def join_years(connection: duckdb.DuckDBPyConnection, tables: dict[str, bool], school_years: Sequence[str]) -> None:
    """Puts the school years together in one schema. A table without school years is taken once."""
    connection.execute("create schema memory.published")
    for table, has_school_year in tables.items():
        of_years = [f"from {schema_of(school_year)}.{table}" for school_year in school_years]
        rows = " union all by name ".join(of_years if has_school_year else of_years[-1:])
        connection.execute(f"create table memory.published.{table} as {rows}")


def withhold(
    connection: duckdb.DuckDBPyConnection,
    cells: Collection[tuple[int, str, str]],
    frames: Mapping[int, Frame],
    schema: str,
) -> None:
    """Withholds cells (age, column, unit) of a school year's tables."""
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
        f"update {schema}.measures set students_counted = null, percent = null, map_category = null, "
        f"withheld_reason = 'withheld' where {is_cell.format(column)} or {genders}"
    )
    connection.execute(f"update {schema}.measures set students = null where {is_cell.format(students)} or {genders}")
    connection.execute(
        f"update {schema}.school_assignment set students = null, percent = null, withheld_reason = 'withheld' "
        "where (age, 'school_assignment', decision) in (select (age, column_name, unit) from cells)"
    )
    connection.execute(
        f"update {schema}.releases set counts_withheld = "
        f"(select count(*) from {schema}.measures where withheld_reason is not null)"
    )


def withhold_anew(
    connection: duckdb.DuckDBPyConnection,
    cells: Collection[tuple[int, str, str]],
    frames: Mapping[int, Frame],
    schema: str,
) -> None:
    """Withholds cells of a school year's tables as the warehouse has them, and nothing that was withheld before."""
    for table in ("measures", "school_assignment"):
        connection.execute(f"create or replace table {schema}.{table} as from of_year.published.{table}")
    withhold(connection, cells, frames, schema)


def withheld_by(rule: Rule, truth: Release) -> set[tuple[int, str, str]]:
    """The cells that the rule withholds of the true counts."""
    return {(age, *cell) for age, reasons in decide_all(rule, truth).items() for cell in reasons}


def hold_back(
    rule: Rule, result: Result, protecting: Callable[[int, str, set[str]], Sequence[str]] = lambda *_: ()
) -> bool:
    """Adds what the attack found to what the rule withholds; whether there was any to add.

    What follows from another school year is withheld in its unit first, with the units that `protecting` names for an
    age, a column and its units. Other findings, and what is not safe then, are withheld in all units, then in the
    province.
    """
    found: dict[tuple[int, str], set[str]] = defaultdict(set)
    provincial = set()
    for finding in result.findings:
        column = finding.age, finding.column
        found[column] |= {finding.unit} if finding.is_of_other_year else {""}
        if finding.is_of_other_year and finding.unit == PROVINCE:
            provincial.add(column)
    is_new = False
    withheld_before = {(age, column) for age, column, _ in rule.units_withheld} | rule.columns_withheld.keys()
    for column, units in found.items():
        protects = () if column in withheld_before else protecting(*column, units)
        if protects:
            rule.units_protecting |= {(*column, unit) for unit in protects}
            rule.units_withheld |= {(*column, unit) for unit in units.union(protects)}
            is_new = True
            continue
        is_new = is_new or rule.columns_withheld.get(column) != "province"
        is_last = column in rule.columns_withheld or column in provincial or column[1] == GENDERS_WITHHELD[0]
        rule.columns_withheld[column] = "province" if is_last else "phu"
    return is_new


@dataclass
class Protection:
    """Which units protect others of which a count differs from another school year's by a few."""

    release: Release
    truth: Release
    rule: Rule
    cohorts: Mapping[int, Sequence[OtherYear]]

    def __call__(self, age: int, column: str, units: set[str]) -> Sequence[str]:
        """
        The two largest that are printed, whatever their counts, so that nothing follows from their being withheld; more
        of them as long as all units withheld differ by a few, taken together. None where there are not enough.
        """
        frame = self.rule.frames[age]
        printed, known = (values_of([of], self.rule.frames)[age] for of in (self.release, self.truth))
        counts = {count: value for count, value in known.items() if value is not None}
        of_column = [unit for name, unit in printed if name == column and unit != PROVINCE]
        shown = [unit for unit in of_column if printed[column, unit] is not None]
        if not units <= set(shown):
            return ()
        largest = sorted(shown, key=lambda unit: (-counts["students", unit], unit))
        for number in range(2, len(largest)):
            hidden = {*units, *largest[:number], *(unit for unit in of_column if unit not in shown)}
            if not any(
                is_small_together(column, frame, counts, hidden, other, self.release.suppress_below)
                for other in self.cohorts.get(age, ())
            ):
                return largest[:number]
        return ()


def published_before(
    connection: duckdb.DuckDBPyConnection, school_year: str, earlier: Sequence[EarlierRelease]
) -> EarlierRelease | None:
    """The last earlier release of the same counts at the same threshold: what it prints gives nothing away again."""
    release = published(connection, schema_of(school_year))
    found = [
        one
        for one in earlier
        if (one.school_year, one.rows.suppress_below) == (school_year, release.suppress_below)
        and is_made_of(one.rows, release)
    ]
    return found[-1] if found else None


def counts_of_release(
    connection: duckdb.DuckDBPyConnection, school_year: str, release: Release
) -> dict[int, dict[Count, int | None]]:
    """What a release prints of a school year, by age."""
    known = frames(connection, first_year_of(school_year))
    # Definitions that have changed since need not know an antigen or an age.
    return values_of([release], defaultdict(lambda: Frame((), frozenset()), known))


def attacked(
    connection: duckdb.DuckDBPyConnection, school_years: Sequence[str], earlier: list[EarlierRelease], again: bool
) -> None:
    """Makes the release in memory safe, or says why it cannot be.

    School years that were published before come first, as they were; each of the others is attacked beside them.
    """
    others = OtherYears(mergers_of(connection))
    for one in earlier:
        label = f"{one.school_year} (build {one.build_id})"
        others.add(one.school_year, label, counts_of_release(connection, one.school_year, of_own_unit(one.rows)))
    before = {school_year: published_before(connection, school_year, earlier) for school_year in school_years}
    for school_year in sorted(school_years, key=lambda school_year: (before[school_year] is None, school_year)):
        use_year(connection, school_year)
        as_it_was = before[school_year]
        if len(school_years) > 1:
            say(f"School year {school_year}:")
        if as_it_was:
            say(f"Published before, and taken as it was: {as_it_was}.")
            known = frames(connection, first_year_of(school_year))
            withhold(connection, as_it_was.withheld, known, schema_of(school_year))
        else:
            same_year = [one for one in earlier if one.school_year == school_year]
            made_safe(connection, school_year, same_year, others, again)
        release = published(connection, schema_of(school_year))
        others.add(school_year, school_year, counts_of_release(connection, school_year, release))


def made_safe(
    connection: duckdb.DuckDBPyConnection,
    school_year: str,
    earlier: list[EarlierRelease],
    other_years: OtherYears,
    again: bool,
) -> None:
    """Makes a school year of the release in memory safe beside earlier releases of it, and beside other years."""
    schema = schema_of(school_year)
    release = published(connection, schema)
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
    withhold(connection, cells, rule.frames, schema)
    ages = None
    for round_number in range(MOST_ROUNDS):
        release = published(connection, schema)
        refuse_differences(release, of_other_data, rule.frames)
        cohorts = other_years.of(school_year, values_of([release], rule.frames))
        result = attack(release, truth, rule.frames, rules, same, frozenset(cells), ages, say, cohorts)
        for line in result.lines():
            say(line)
        if result.is_safe:
            return
        protection = Protection(release, truth, rule, cohorts)
        if result.unexplained or same or not hold_back(rule, result, protection) or round_number == MOST_ROUNDS - 1:
            break
        say(f"{len(result.findings)} are not proven safe: {what_is_withheld(result)}, and their ages attacked again.")
        # Ages are decided independently of each other.
        ages = {finding.age for finding in result.findings}
        withhold_anew(connection, cells | withheld_by(rule, truth), rule.frames, schema)
    what = (
        f"{len(result.findings)} small counts can be derived from the published tables, such as: {result.findings[0]} "
        if result.findings else "The published tables are not those that the rule makes of the marts. "
    )
    raise NotPublished(f"{what}icw attack names them all.")


def what_is_withheld(result: Result) -> str:
    is_of_units = any(finding.is_of_other_year for finding in result.findings)
    return "their counts or columns are withheld" if is_of_units else "their columns are withheld"


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


def write(connection: duckdb.DuckDBPyConnection, tables: Collection[str], folder: Path) -> None:
    # Other programs may have an older DuckDB, which reads this format only.
    connection.execute(f"attach {quoted(folder / DATABASE)} as files (storage_version 'v1.0.0')")
    connection.execute("create schema files.published")
    releases = records_of(connection, "select * from published.releases")
    mark = f"{SYNTHETIC} " if any(is_marked_synthetic(release) for release in releases) else ""
    for table in tables:
        # Rows in a stable order, so that two releases can be compared as files.
        rows = f"from published.{table} order by all"
        connection.execute(f"copy ({rows}) to {quoted(folder / f'{table}.parquet')} (format parquet, compression zstd)")
        connection.execute(f"copy ({rows}) to {quoted(folder / f'{table}.csv')} (header)")
        connection.execute(f"create table files.published.{table} as {rows}")
    for table, column, text in connection.execute(
        "select table_name, column_name, description from published.data_dictionary union all "
        "select distinct table_name, null, table_description from published.data_dictionary"
    ).fetchall():
        commented = f'column files.published.{table}."{column}"' if column else f"table files.published.{table}"
        said = text if column else mark + text
        connection.execute(f"comment on {commented} is {quoted(' '.join(said.split()))}")
    connection.execute("detach files")


def readme(connection: duckdb.DuckDBPyConnection) -> str:
    releases = records_of(
        connection,
        "select releases.*, definitions_of, is_own_annex_read from published.releases "
        "inner join warehouse.annex.school_years using (school_year) order by school_year",
    )
    dictionary = connection.execute(
        "select table_name, table_description, column_name, data_type, description from published.data_dictionary "
        "order by table_name, column_position"
    ).fetchall()
    is_synthetic = any(is_marked_synthetic(release) for release in releases)
    lines = [
        f"# Immunization coverage of school pupils, Ontario, {years_in_words(releases)}",
        "",
        *([f"**{SYNTHETIC}**", ""] if is_synthetic else []),
        *provenance(releases),
        "",
        "Each table is here as Parquet, as CSV (UTF-8, comma, header, empty where there is no value) and in "
        f"`{DATABASE}`, schema `published`.",
        "",
        "## What is withheld",
        "",
        f"Counts above 0 and below {threshold_in_words(releases)}, differences of counts included, and the "
        f"counts from which they could be derived: {sum(release['counts_withheld'] for release in releases)} of "
        f"{sum(release['counts'] for release in releases)} counts of "
        "`measures`. Where a count is withheld it is empty, its percent is too, and `withheld_reason` is `withheld`: "
        "the same word for all, since a reason would disclose something about the count.",
        "",
        *(
            [
                "Two school years may count the same students: who is 12 in one is 13 in the next. Where their numbers "
                "of students are nearly equal, a count that differs by a few is withheld in one of the years.",
                "",
            ]
            if len(releases) > 1
            else []
        ),
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


def is_marked_synthetic(release: dict) -> bool:
    """Releases of an earlier version mark the demonstration only."""
    mark = release.get("is_synthetic")
    return release["is_demonstration"] if mark is None else mark


def years_in_words(releases: Sequence[dict]) -> str:
    years = [release["school_year"] for release in releases]
    first_years = [first_year_of(year) for year in years]
    is_unbroken = first_years == list(range(first_years[0], first_years[-1] + 1))
    if len(years) > 2 and is_unbroken:
        return f"{years[0]} to {years[-1]}"
    return " and ".join([", ".join(years[:-1]), years[-1]] if len(years) > 1 else years)


def threshold_in_words(releases: Sequence[dict]) -> str:
    thresholds = {release["suppress_below"] for release in releases}
    return f"{min(thresholds)} students" if len(thresholds) == 1 else "the school year's `suppress_below`"


def provenance(releases: Sequence[dict]) -> list[str]:
    """Whose definitions and which builds the school years are of."""
    report = "By the technical annex of Public Health Ontario's *Immunization Coverage Report for School Pupils: "
    annexes = [
        f"{release['definitions_of'].replace('-', '–')} School Year*"
        + ("" if release["is_own_annex_read"] else f" (the annex of {release['school_year']} was not read)")
        for release in releases
    ]
    if len(releases) == 1:
        [release] = releases
        return [
            f"{report}{annexes[0]}. Build `{release['build_id']}` of "
            f"{release['built_at']:%Y-%m-%d %H:%M} UTC, rules `{release['rules_hash']}`, project version "
            f"{release['project_version']}, education records `{release['education_record_window']}`."
        ]
    rows = [
        f"| {release['school_year']} | {release['definitions_of']} "
        f"| `{release['build_id']}` of {release['built_at']:%Y-%m-%d %H:%M} UTC | `{release['rules_hash']}` "
        f"| {release['project_version']} | `{release['education_record_window']}` | {release['suppress_below']} "
        f"| {release['counts_withheld']} of {release['counts']} |"
        for release in releases
    ]
    return [
        "By the technical annexes of Public Health Ontario's *Immunization Coverage Report for School Pupils*:",
        "",
        "| school year | annex | build | rules | project version | education records | threshold | counts withheld |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
    ]


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


def name_of(connection: duckdb.DuckDBPyConnection) -> str:
    """The name under which a release is kept: school years, threshold, and the build or a hash of the builds."""
    rows = connection.execute(
        "select school_year, suppress_below, build_id from memory.published.releases order by school_year"
    ).fetchall()
    if len(rows) == 1:
        return " ".join(str(value) for value in rows[0])
    builds = hashlib.sha256(repr(rows).encode()).hexdigest()[:32]
    return f"{rows[0][0]} to {rows[-1][0]} {min(row[1] for row in rows)} {builds}"


def publish(
    warehouse: Path, folder: Path, again: bool = False, named: Sequence[Path] = (), wanted: Collection[str] = ()
) -> None:
    """Publishes the wanted school years of a warehouse, all without a wish, as one release."""
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
            built = attach_years(connection, warehouse)
            school_years = years_to_publish(built, wanted)
            for school_year in school_years:
                use_year(connection, school_year)
                tables = tables_of(connection)
                check(connection, tables, is_last=school_year == built[-1])
                copy_year(connection, tables, school_year)
            attacked(connection, school_years, earlier_releases(warehouse.resolve(), named), again)
            join_years(connection, tables, school_years)
            connection.execute("use memory")
            name = name_of(connection)
            write(connection, tables, new)
            (new / "README.md").write_text(readme(connection), encoding="utf-8")
        write_manifest(new)
        # Everybody may read what is published; nobody may write to the database.
        for file in new.iterdir():
            file.chmod(0o444 if file.name == DATABASE else 0o644)
        new.chmod(0o755)
        # Kept before it is published, so that the next release knows of it in any case.
        keep(warehouse.resolve(), new / DATABASE, name)
        exchange(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def main(folder: Path, again: bool = False, earlier: Sequence[Path] = (), first_years: Sequence[int] = ()) -> int:
    # A symbolic link is kept; the folder that it points to is replaced.
    folder = folder.resolve()
    warehouse = warehouse_path()
    state = "is as it was" if folder.exists() else "is not there yet"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock"), blocking=False):
            publish(warehouse, folder, again, earlier, [label_of(year) for year in first_years])
    except Timeout:
        print(f"Not published: {folder} is being published by another process.")
        return 1
    except (NotPublished, OSError, duckdb.Error, ValueError) as error:
        print(f"Not published: {error} {folder} {state}.")
        return 1
    print(f"Published {folder}: " + ", ".join(sorted(file.name for file in folder.iterdir())))
    return 0
