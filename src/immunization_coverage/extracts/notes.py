"""The notes of a reading: its files, and what was not in the contract's plain form.

Two small Parquet files beside the extracts hold it, for `marts.extracts_read` and for the last lines of a build.
"""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from immunization_coverage.extracts.duckdb_files import quoted
from immunization_coverage.extracts.parts import Part

FILES_NAME = "extract_files.parquet"
NOTES_NAME = "reading_notes.parquet"


@dataclass
class Notes:
    """One row per file, column and kind; a kind is a key of seeds/quality/reading_kinds.csv.

    `detail` contains no value of a row.
    """

    counts: dict[tuple[str | None, str, str | None, str, str | None], int] = field(default_factory=dict)

    def add(
        self,
        extract_name: str | None,
        file: str,
        kind: str,
        rows: int = 1,
        column: str | None = None,
        detail: str | None = None,
    ) -> None:
        key = (extract_name, file, column, kind, detail)
        self.counts[key] = self.counts.get(key, 0) + rows

    def write(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        write_rows(
            connection,
            folder / NOTES_NAME,
            "extract_name varchar, file varchar, column_name varchar, kind varchar, detail varchar, row_count bigint",
            [(*key, rows) for key, rows in self.counts.items()],
        )


def write_files(connection: duckdb.DuckDBPyConnection, parts: list[Part], folder: Path) -> None:
    """A row per file or sheet; `first_row` is the place of its first row among those of its extract, from 1."""
    rows = []
    next_row: dict[str, int] = {}
    for prepared in (part.prepared for part in parts):
        first = next_row.get(prepared.extract_name, 1)
        next_row[prepared.extract_name] = first + prepared.rows
        rows.append((prepared.extract_name, prepared.file, prepared.encoding, prepared.delimiter, first, prepared.rows))
    write_rows(
        connection,
        folder / FILES_NAME,
        "extract_name varchar, file varchar, encoding varchar, delimiter varchar, first_row bigint, row_count bigint",
        rows,
    )


def write_rows(connection: duckdb.DuckDBPyConnection, target: Path, columns: str, rows: list[tuple]) -> None:
    connection.execute(f"create or replace temporary table written ({columns})")
    if rows:
        connection.executemany(f"insert into written values ({', '.join('?' for _ in rows[0])})", rows)
    connection.execute(f"copy written to {quoted(target)} (format parquet)")
    connection.execute("drop table written")
