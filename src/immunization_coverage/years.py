"""The school years of a warehouse, each kept as its own build made it, as reported and by other definitions."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import duckdb

from immunization_coverage.extracts.duckdb_files import identifier, quoted
from immunization_coverage.warehouse import attach

# The schemas that keep every school year that was built, and their tables to which each build appends its rows.
SCHEMAS_OF_YEARS = ("marts", "schools", "published")
HISTORY = ("marts.builds", "marts.build_measures")


def as_named(table: str) -> str:
    """SQL of a table, schema.table."""
    return ".".join(identifier(name) for name in table.split("."))


class BuiltYear(NamedTuple):
    """What a build writes of the tables that keep years: a school year, by definitions as `definitions` says them."""

    school_year: str
    definitions: str

    @property
    def is_as_reported(self) -> bool:
        return self.school_year == self.definitions

    def __str__(self) -> str:
        by = "" if self.is_as_reported else f" by the definitions of {self.definitions}"
        return self.school_year + by


def label_of(first_year: int) -> str:
    """A school year as tables name it, 2018-19."""
    return f"{first_year}-{(first_year + 1) % 100:02d}"


def first_year_of(school_year: str) -> int:
    return int(school_year[:4])


def assessment_date_of(school_year: str) -> datetime.date:
    """31 August at the end of the school year. Annex: Data Management."""
    return datetime.date(first_year_of(school_year) + 1, 8, 31)


def tables_of(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, set[str]]:
    """The tables, as schema.table, and their columns."""
    found = connection.execute(
        "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
        "semi join duckdb_tables() using (database_name, schema_name, table_name) "
        "where database_name = ? group by all order by all",
        [catalog],
    ).fetchall()
    return {table: set(columns) for table, columns in found}


def tables_of_years(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, set[str]]:
    """Those that readers read and whose rows say their school year, and their columns."""
    return {table: columns for table, columns in tables_of(connection, catalog).items() if has_years(table, columns)}


def is_for_readers(table: str) -> bool:
    return table.partition(".")[0] in SCHEMAS_OF_YEARS


def has_years(table: str, columns: set[str]) -> bool:
    return is_for_readers(table) and "school_year" in columns


def definitions_in(columns: set[str]) -> str:
    """SQL of the definitions of a row: a version before 0.2.0 had no others than the school year's."""
    return "definitions" if "definitions" in columns else "school_year"


def condition(year: BuiltYear, columns: set[str]) -> str:
    """SQL of the rows that a build of a year writes."""
    return f"school_year = {quoted(year.school_year)} and {definitions_in(columns)} = {quoted(year.definitions)}"


def tables_for_readers(database: Path) -> set[str]:
    with duckdb.connect() as connection:
        attach(connection, database, "opened")
        return {table for table in tables_of(connection, "opened") if is_for_readers(table)}


def tables_with_rows(database: Path, year: BuiltYear) -> set[str]:
    """The tables that readers read with rows of a school year and definitions."""
    with duckdb.connect() as connection:
        attach(connection, database, "opened")
        return {
            table
            for table, columns in tables_of_years(connection, "opened").items()
            if connection.execute(
                f"from opened.{as_named(table)} where {condition(year, columns)} limit 1"
            ).fetchall()
        }


def carry_years(published: Path, built: Path, year: BuiltYear) -> None:
    """Begins a build with what is kept: the published rows of other years and definitions, and the builds before it."""
    if not published.exists():
        return
    with duckdb.connect(str(built)) as connection:
        catalog = connection.execute("select current_database()").fetchall()[0][0].replace('"', '""')
        attach(connection, published, "last_published")
        for table, columns in tables_of_years(connection, "last_published").items():
            others = "" if table in HISTORY else f"where not ({condition(year, columns)})"
            added = "" if "definitions" in columns else ", school_year as definitions"
            rows = f"select *{added} from last_published.{as_named(table)} {others}"
            if connection.execute(f"{rows} limit 1").fetchall():
                connection.execute(f'create schema if not exists "{catalog}".{table.partition(".")[0]}')
                connection.execute(f'create table "{catalog}".{as_named(table)} as {rows}')


def assessment_of(school_year: str) -> str:
    """The schema that keeps the person-level tables of a year that is not the last."""
    return f"assessment_{school_year.replace('-', '_')}"


def keep_assessment(published: Path, built: Path, year: BuiltYear, school_years: set[str]) -> None:
    """Copies the person-level tables of the years asked for into a build of another, those of the last year too."""
    with duckdb.connect() as connection:
        # The views of a file know it by its name.
        catalog = published.stem
        attach(connection, published, catalog)
        connection.execute(f"attach {quoted(built)} as built_now")
        last = last_year(connection, catalog)
        schemas = {assessment_of(kept): assessment_of(kept) for kept in school_years}
        if last and last.school_year in school_years:
            schemas[assessment_of(last.school_year)] = "assessment"
        schemas.pop(assessment_of(year.school_year), None)
        for schema, source in schemas.items():
            tables = connection.execute(
                "select table_name from information_schema.tables where table_catalog = ? and table_schema = ?",
                [catalog, source],
            ).fetchall()
            for (table,) in tables:
                connection.execute(f"create schema if not exists built_now.{schema}")
                connection.execute(
                    f'create table built_now.{schema}.{table} as from "{catalog}".{source}.{table}'
                )


def add_year(scratch: Path, built: Path, year: BuiltYear) -> None:
    """Replaces the rows of a year by other definitions in a warehouse by those of a build of their own."""
    with duckdb.connect(str(built)) as connection:
        catalog = connection.execute("select current_database()").fetchall()[0][0]
        attach(connection, scratch, "scratch")
        present = tables_of_years(connection, catalog)
        connection.execute("begin")
        for table, columns in tables_of_years(connection, "scratch").items():
            of_year = condition(year, columns)
            if table not in present:
                connection.execute(f"create schema if not exists {identifier(table.partition('.')[0])}")
                connection.execute(f"create table {as_named(table)} as from scratch.{as_named(table)} limit 0")
            elif "definitions" not in present[table]:
                connection.execute(f"alter table {as_named(table)} add column definitions varchar")
                connection.execute(f"update {as_named(table)} set definitions = school_year")
            if table not in HISTORY:
                connection.execute(f"delete from {as_named(table)} where {of_year}")
            connection.execute(f"insert into {as_named(table)} by name from scratch.{as_named(table)} where {of_year}")
        connection.execute("commit")
        connection.execute("detach scratch")
        connection.execute("checkpoint")


def last_year(connection: duckdb.DuckDBPyConnection, catalog: str) -> BuiltYear | None:
    """The year that the person-level tables are of: the last that was built by its own definitions, if there is one."""
    columns = tables_of(connection, catalog).get("published.releases")
    if not columns:
        return None
    definitions = definitions_in(columns)
    found = connection.execute(
        f'select school_year, {definitions} from "{catalog}".published.releases '
        f"order by {definitions} = school_year desc, built_at desc, build_id limit 1"
    ).fetchall()
    return BuiltYear(*found[0]) if found else None


def attach_years(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """
    Attaches a file as `warehouse`; returns the school years that it has published tables of by their own definitions,
    the last one last.
    """
    attach(connection, path.resolve(), "warehouse")
    years = [year for year in years_kept(connection, "warehouse", "published.releases") if year.is_as_reported]
    last = last_year(connection, "warehouse") if years else None
    return [year.school_year for year in sorted(years, key=lambda year: (year == last, year))]


def use_year(connection: duckdb.DuckDBPyConnection, school_year: str) -> None:
    """Uses a catalog `of_year` of views of the attached warehouse's tables as if it held no other school year."""
    year = BuiltYear(school_year, school_year)
    use_views(connection, "warehouse", "of_year", lambda columns: condition(year, columns))


def use_views(
    connection: duckdb.DuckDBPyConnection, catalog: str, views: str, rows: Callable[[set[str]], str]
) -> None:
    """Uses a catalog of views of another's tables; of those that keep years some rows, by SQL for their columns."""
    connection.execute(f"attach if not exists ':memory:' as {views}")
    for table, columns in tables_of(connection, catalog).items():
        named = as_named(table)
        where = f" where {rows(columns)}" if has_years(table, columns) else ""
        connection.execute(f"create schema if not exists {views}.{identifier(table.partition('.')[0])}")
        connection.execute(f'create or replace view {views}.{named} as from "{catalog}".{named}{where}')
    connection.execute(f"use {views}")


def years_kept(connection: duckdb.DuckDBPyConnection, catalog: str, table: str = "marts.coverage") -> list[BuiltYear]:
    """The school years that a table has, as reported and by other definitions."""
    columns = tables_of(connection, catalog).get(table, set())
    if "school_year" not in columns:
        return []
    query = f'select distinct school_year, {definitions_in(columns)} from "{catalog}".{as_named(table)} order by all'
    return [BuiltYear(*row) for row in connection.execute(query).fetchall()]


def remove_year(database: Path, school_year: str, definitions: str | None = None) -> int:
    """Deletes the rows of a school year, by all definitions or some, and of its builds; returns how many."""
    with duckdb.connect(str(database)) as connection:
        catalog = connection.execute("select current_database()").fetchall()[0][0]
        deleted = 0
        connection.execute("begin")
        for table, columns in tables_of_years(connection, catalog).items():
            if definitions is not None:
                where = condition(BuiltYear(school_year, definitions), columns)
            else:
                named = [name for name in ("school_year", "school_year_before") if name in columns]
                where = " or ".join(f"{name} = '{school_year}'" for name in named)
            deleted += connection.execute(f"delete from {as_named(table)} where {where}").fetchall()[0][0]
        if definitions is None:
            connection.execute(f"drop schema if exists {assessment_of(school_year)} cascade")
        connection.execute("commit")
        connection.execute("checkpoint")
    return deleted
