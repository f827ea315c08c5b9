"""The warehouse that WAREHOUSE_PATH names, and what is read of it: always read-only."""

import os
import re
from pathlib import Path
from typing import Any

import duckdb

from immunization_coverage.project import ROOT


def warehouse_path() -> Path:
    """The file that WAREHOUSE_PATH names; without it, warehouse.duckdb in the project's folder."""
    return Path(os.environ.get("WAREHOUSE_PATH") or ROOT / "warehouse.duckdb")


def existing_warehouse() -> Path:
    """The same; ends the program with a sentence where there is none."""
    path = warehouse_path()
    if not path.exists():
        raise SystemExit(f"There is no warehouse {path}: make build makes it.")
    return path


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """A DuckDB file as a catalog, read-only."""
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as \"{name}\" (read_only)")


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """Read-only, under the name that the views of the warehouse know it by, whatever the file is called now."""
    connection = duckdb.connect()
    attach(connection, path, "opened")
    found = connection.execute(
        "select sql from duckdb_views() where database_name = 'opened' and view_name = 'refused_doses'"
    ).fetchall()
    visits = connection.execute(
        "select 1 from duckdb_tables() where database_name = 'opened' and table_name = 'int_visits'"
    ).fetchall()
    if not found or not visits:
        ((tables,),) = connection.execute(
            "select count(*) from duckdb_tables() where database_name = 'opened' and schema_name = 'assessment'"
        ).fetchall()
        if not tables:
            raise SystemExit(f"{path} holds no warehouse: make build makes one.")
        raise SystemExit(f"{path} is of an earlier version of the project: build it with this one.")
    name = re.search(r'from\s+"?([^".\s]+)"?\."?assessment"?\."?doses"?', found[0][0], flags=re.I)
    catalog = name.group(1) if name else path.stem
    connection.execute("detach opened")
    attach(connection, path, catalog)
    connection.execute(f'use "{catalog}"')
    return connection


def the_warehouse() -> duckdb.DuckDBPyConnection:
    """The warehouse that WAREHOUSE_PATH names; ends the program with a sentence where it is none."""
    path = existing_warehouse()
    try:
        return open_warehouse(path)
    except duckdb.IOException as error:
        raise SystemExit(f"{path} cannot be opened ({str(error).splitlines()[0]}).") from None


def records_of(
    connection: duckdb.DuckDBPyConnection, query: str, values: list | dict | None = None
) -> list[dict[str, Any]]:
    cursor = connection.execute(query, values)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
