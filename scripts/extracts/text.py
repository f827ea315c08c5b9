"""Read a text file: by DuckDB, or by Python where DuckDB does not find as many rows as the file has line ends."""

from functools import partial
from pathlib import Path

import duckdb

from extracts.columns import Headers
from extracts.decoding import as_utf8
from extracts.duckdb_files import DUCKDB_REFUSES, copy_text, read_plainly
from extracts.in_force import extra_columns
from extracts.notes import Notes
from extracts.parts import Part, Source
from extracts.rows import DELIMITERS, read_text_header, survey_text, text_rows


def read_text(
    connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path, notes: Notes
) -> list[Part]:
    copy = target.with_suffix(".utf8.csv")
    path, encoding = as_utf8(source.path, source.file, copy)
    survey = survey_text(path, source.file)
    header = read_text_header(path, source.file, partial(headers.recognised, source.extract_name))
    places = headers.match(source.extract_name, header.headers, source.file)
    extra = extra_columns(source.extract_name, header.headers, places)
    taken = places | extra
    rows = None
    if survey.line_end and header.is_first_line and not header.preamble:
        try:
            rows = copy_text(connection, path, target, header, taken, survey.line_end)
        except DUCKDB_REFUSES:
            # It may have been the disk; then Python meets the same below and says so.
            pass
    if rows is None or rows + 1 != survey.rows:
        rows = read_plainly(connection, text_rows(path, source.file, header), taken, source.file, target)
    copy.unlink(missing_ok=True)
    return [source.part(target, rows, header.headers, places, extra, encoding, DELIMITERS[header.delimiter])]
