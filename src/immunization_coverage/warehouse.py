"""Opens the warehouse that WAREHOUSE_PATH names, always read-only."""

import os
import re
from pathlib import Path
from typing import Any

import duckdb

from immunization_coverage.extracts.duckdb_files import identifier, quoted
from immunization_coverage.project import ROOT
from immunization_coverage.report.errors import WarehouseError


def warehouse_path() -> Path:
    """The file that WAREHOUSE_PATH names; without it, warehouse.duckdb in the project's folder."""
    return Path(os.environ.get("WAREHOUSE_PATH") or ROOT / "warehouse.duckdb")


def existing_warehouse() -> Path:
    """The same. Raises SystemExit with a sentence if there is no such file."""
    path = warehouse_path()
    if not path.exists():
        raise SystemExit(str(WarehouseError("no_warehouse", path=path)))
    return path


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attaches a DuckDB file read-only as catalog `name`."""
    connection.execute(f"attach {quoted(path)} as {identifier(name)} (read_only)")


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """Opens a warehouse read-only, as the catalog that its views name, even if the file has been renamed.

    Raises WarehouseError if the file cannot be opened or is not a warehouse of this version.
    """
    connection = duckdb.connect()
    try:
        attach(connection, path, "opened")
    except duckdb.IOException as error:
        raise WarehouseError("not_opened", path=path, reason=str(error).splitlines()[0]) from error
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
        raise WarehouseError("earlier_version" if tables else "not_a_warehouse", path=path)
    name = re.search(r'from\s+"?([^".\s]+)"?\."?assessment"?\."?doses"?', found[0][0], flags=re.I)
    catalog = name.group(1) if name else path.stem
    connection.execute("detach opened")
    attach(connection, path, catalog)
    connection.execute(f'use "{catalog}"')
    return connection


def the_warehouse() -> duckdb.DuckDBPyConnection:
    """Opens the warehouse that WAREHOUSE_PATH names. Raises SystemExit with a sentence if it cannot be read."""
    path = existing_warehouse()
    try:
        return open_warehouse(path)
    except WarehouseError as error:
        raise SystemExit(str(error)) from None


def records_of(
    connection: duckdb.DuckDBPyConnection, query: str, values: list | dict | None = None
) -> list[dict[str, Any]]:
    cursor = connection.execute(query, values)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
