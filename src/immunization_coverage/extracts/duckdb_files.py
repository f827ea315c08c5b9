"""What DuckDB reads and writes: links without pattern characters, CSV to Parquet, quoted names."""

import csv
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb

from immunization_coverage.extracts.problems import stop
from immunization_coverage.extracts.rows import TextHeader

# DuckDB's message quotes the row, and can be cut inside a character.
DUCKDB_REFUSES = (duckdb.Error, UnicodeDecodeError)
LINE_BYTES = 2_000_000


def quoted(text: Path | str) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def link_to(path: Path, link: Path) -> Path:
    """Link to a file by a name without quotation marks and characters that DuckDB reads as a pattern."""
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(path.absolute())
    except OSError:
        # On Windows only administrators may make symbolic links.
        link_or_copy(path, link)
    return link


def link_or_copy(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def copy_csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    target: Path,
    names: list[str],
    places: dict[str, int],
    condition: str,
    delimiter: str,
    line_end: str,
    line_bytes: int,
) -> int:
    link = link_to(path, target.with_suffix(".link.csv"))
    ((rows,),) = connection.execute(
        f"""
        copy (
            select {", ".join(f"{names[place]} as {column}" for column, place in places.items())}
            from read_csv(
                {quoted(link)}, header = true, auto_detect = false, skip = 0, comment = '', new_line = '{line_end}',
                delim = '{delimiter}', quote = '"', escape = '"', max_line_size = {line_bytes},
                columns = {{{", ".join(f"'{name}': 'varchar'" for name in names)}}}
            )
            where {condition}
        ) to {quoted(target)} (format parquet)
        """
    ).fetchall()
    return rows


def copy_text(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    target: Path,
    header: TextHeader,
    places: dict[str, int],
    line_end: str,
    is_data: str,
) -> int:
    """Have DuckDB write a text file's columns to Parquet, without rows that are not data. Returns the number of rows.

    `is_data` is SQL over columns c0, c1, … Raises DUCKDB_REFUSES.
    """
    names = [f"c{place}" for place in range(len(header.headers))]
    return copy_csv(connection, path, target, names, places, is_data, header.delimiter, line_end, LINE_BYTES)


def copy_plain(
    connection: duckdb.DuckDBPyConnection, path: Path, target: Path, columns: list[str], line_bytes: int
) -> int:
    """The same for a file that write_plain wrote."""
    names = [f"c{place}" for place in range(len(columns))]
    places = {column: place for place, column in enumerate(columns)}
    return copy_csv(connection, path, target, names, places, "true", ",", "\\n", line_bytes)


def write_plain(rows: Iterable[list[str]], places: Iterable[int], target: Path) -> tuple[int, int]:
    """Write some columns as a plain CSV file.

    Returns the number of rows without the header, and a limit of bytes per line.
    """
    places = list(places)
    longest = 0
    count = -1
    with target.open("w", encoding="utf-8", newline="") as plain:
        writer = csv.writer(plain, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row in rows:
            cells = [row[place] for place in places]
            longest = max(longest, sum(map(len, cells)))
            writer.writerow(cells)
            count += 1
    return count, LINE_BYTES + 4 * longest


def read_plainly(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[list[str]], places: dict[str, int], file: str, target: Path
) -> int:
    """Write rows, the header first, to Parquet by way of a plain CSV file. Returns the number of rows."""
    plain = target.with_suffix(".plain.csv")
    expected, line_bytes = write_plain(rows, places.values(), plain)
    try:
        found = copy_plain(connection, plain, target, list(places), line_bytes)
    except DUCKDB_REFUSES as error:
        raise stop("not_prepared", what=file, error=type(error).__name__) from None
    plain.unlink()
    if found != expected:
        raise stop("not_reliable", file=file)
    return found
