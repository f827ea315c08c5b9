"""The releases that a warehouse has made: each is kept as the DuckDB file that it published, and nothing else.

They are in a folder beside the warehouse, `warehouse.duckdb.releases/`. A file holds the school years of its release.
"""

import os
import shutil
from pathlib import Path

import duckdb


def folder_of(warehouse: Path) -> Path:
    return warehouse.with_name(f"{warehouse.name}.releases")


def files_of(warehouse: Path) -> list[Path]:
    return sorted(folder_of(warehouse).glob("*.duckdb")) if folder_of(warehouse).exists() else []


def keep(warehouse: Path, file: Path, name: str) -> Path:
    """Keeps a release's file, whole or not at all; returns where."""
    folder = folder_of(warehouse)
    folder.mkdir(exist_ok=True)
    kept = folder / f"{name}.duckdb"
    writing = folder / f".{name}.writing"
    shutil.copyfile(file, writing)
    os.replace(writing, kept)
    return kept


def opened(file: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(file), read_only=True, config={"enable_external_access": False})


def builds_of(connection: duckdb.DuckDBPyConnection, catalog: str) -> set[str]:
    """The builds whose tables an attached release holds, one for each of its school years."""
    query = f'select build_id from "{catalog}".published.releases'
    return {build_id for (build_id,) in connection.execute(query).fetchall()}
