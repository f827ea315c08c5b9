"""The school years of a warehouse: each is kept as its own build made it."""

from pathlib import Path

import duckdb

from immunization_coverage.warehouse import attach

# The schemas that keep every school year that was built, and their tables to which each build appends its rows.
SCHEMAS_OF_YEARS = ("marts", "schools", "published")
HISTORY = ("marts.builds", "marts.build_measures")


def quoted(table: str) -> str:
    return ".".join(f'"{name}"' for name in table.split("."))


def label_of(first_year: int) -> str:
    """A school year as tables name it, 2018-19."""
    return f"{first_year}-{(first_year + 1) % 100:02d}"


def tables_of(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, bool]:
    """The tables, as schema.table, and whether they say the school year of a row."""
    return dict(
        connection.execute(
            "select schema_name || '.' || table_name, bool_or(column_name = 'school_year') from duckdb_columns() "
            "semi join duckdb_tables() using (database_name, schema_name, table_name) "
            "where database_name = ? group by all order by all",
            [catalog],
        ).fetchall()
    )


def tables_of_years(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, bool]:
    """Those that readers read and that keep every school year."""
    found = tables_of(connection, catalog)
    return {table: has_school_year for table, has_school_year in found.items() if is_of_years(table)}


def is_of_years(table: str) -> bool:
    return table.partition(".")[0] in SCHEMAS_OF_YEARS


def tables_for_readers(database: Path, school_year: str = "") -> set[str]:
    """The tables that readers read; with a school year those that have rows of it."""
    with duckdb.connect() as connection:
        attach(connection, database, "opened")
        return {
            table
            for table, has_school_year in tables_of_years(connection, "opened").items()
            if not school_year
            or (
                has_school_year
                and connection.execute(
                    f"from opened.{quoted(table)} where school_year = ? limit 1", [school_year]
                ).fetchall()
            )
        }


def carry_years(published: Path, built: Path, school_year: str) -> None:
    """Begins a build with what is kept: the published rows of other school years, and the builds before this one."""
    if not published.exists():
        return
    with duckdb.connect(str(built)) as connection:
        catalog = connection.execute("select current_database()").fetchall()[0][0].replace('"', '""')
        attach(connection, published, "last_published")
        for table, has_school_year in tables_of_years(connection, "last_published").items():
            if not has_school_year:
                continue
            other_years = "" if table in HISTORY else f"where school_year <> '{school_year}'"
            rows = f"from last_published.{quoted(table)} {other_years}"
            if connection.execute(f"{rows} limit 1").fetchall():
                connection.execute(f'create schema if not exists "{catalog}".{table.partition(".")[0]}')
                connection.execute(f'create table "{catalog}".{quoted(table)} as {rows}')


def attach_years(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> list[str]:
    """Attaches a file as `warehouse`; returns the school years that it has published tables of, the last built last."""
    attach(connection, warehouse.resolve(), "warehouse")
    connection.execute("attach ':memory:' as of_year")
    if "published.releases" not in tables_of(connection, "warehouse"):
        return []
    return [
        school_year
        for (school_year,) in connection.execute(
            "select school_year from warehouse.published.releases order by built_at, build_id desc"
        ).fetchall()
    ]


def use_year(connection: duckdb.DuckDBPyConnection, school_year: str) -> None:
    """
    Uses a catalog `of_year`: views of the attached warehouse's tables as if it held no other school year. Tables of
    `intermediate` are those of the year that was built last.
    """
    for table, has_school_year in tables_of(connection, "warehouse").items():
        condition = f" where school_year = '{school_year}'" if has_school_year and is_of_years(table) else ""
        connection.execute(f"create schema if not exists of_year.{quoted(table.partition('.')[0])}")
        connection.execute(
            f"create or replace view of_year.{quoted(table)} as from warehouse.{quoted(table)}{condition}"
        )
    connection.execute("use of_year")


def remove_year(database: Path, school_year: str) -> int:
    """Deletes the rows of a school year, of its builds too; returns how many."""
    with duckdb.connect(str(database)) as connection:
        catalog = connection.execute("select current_database()").fetchall()[0][0]
        deleted = 0
        connection.execute("begin")
        for table, has_school_year in tables_of_years(connection, catalog).items():
            if has_school_year:
                query = f"delete from {quoted(table)} where school_year = ?"
                deleted += connection.execute(query, [school_year]).fetchall()[0][0]
        connection.execute("commit")
        connection.execute("checkpoint")
    return deleted
