"""Read a text file: by DuckDB if it is plain, else by Python.

DuckDB must find as many rows as the file has line ends, each with as many delimiters as the header, and none that may
be a title, a footer or a total. Otherwise Python's csv module reads the file: it says which line is wrong, or drops and
counts what is no row of the table, and rewrites the others plainly for DuckDB.
"""

from functools import partial
from pathlib import Path

import duckdb

from immunization_coverage.extracts.columns import COLUMNS, DATE_COLUMNS, Headers, normalised
from immunization_coverage.extracts.days import has_zones, zoned_texts_as_days
from immunization_coverage.extracts.decoding import Decoded, TextSurvey, decoded, decompressed, survey_text
from immunization_coverage.extracts.duckdb_files import DUCKDB_REFUSES, copy_text, quoted, read_plainly
from immunization_coverage.extracts.in_force import extra_columns
from immunization_coverage.extracts.notes import Notes
from immunization_coverage.extracts.parts import Part, Source
from immunization_coverage.extracts.rows import (
    DELIMITERS,
    Sieve,
    TextHeader,
    is_oddly_spelled,
    named,
    read_text_header,
    text_rows,
)

TOTAL_BEGINNINGS = ("total", "grand", "sub-t", "subto", "sous-", "overa", "repor")


def is_data(sieve: Sieve, header: TextHeader, known: dict[str, str]) -> str:
    """SQL for rows that are surely rows of the table: the sieve keeps them all, and looks at the others again."""
    filled = " + ".join(f"cast(c{place} is not null as integer)" for place in sieve.required)
    headers = {header.headers[sieve.key].lower(), *(spelling for spelling in known), *known.values()}
    key = f"c{sieve.key}"
    spellings = ", ".join(quoted(spelling) for spelling in sorted(headers))
    totals = ", ".join(quoted(beginning) for beginning in TOTAL_BEGINNINGS)
    return f"""
        {filled} > {sieve.thin}
        and coalesce({key} between '0' and '9zzz' or not ({key} like '-%' or lower({key}) in ({spellings})), true)
        and coalesce(left(lower(c0), 5) not in ({totals}), true)
    """


def is_plain(survey: TextSurvey, header: TextHeader) -> bool:
    columns = len(header.headers)
    return bool(
        survey.line_end
        and header.is_first_line
        and not header.preamble
        and named(header.headers) == columns
        and survey.delimiters[header.delimiter] == survey.rows * (columns - 1)
        and header.headers == [name.strip() for name in header.headers]
    )


def note_reading(notes: Notes, source: Source, text: Decoded, header: TextHeader, sieve: Sieve, rows: int) -> None:
    note = partial(notes.add, source.extract_name, source.file)
    if source.path.suffix.lower() == ".gz":
        note("gzip", rows)
    if text.encoding != "UTF-8":
        note("encoding", rows, detail=text.encoding)
    if text.single_bytes:
        note("mixed_encoding", text.single_bytes)
    if text.has_end_of_file_byte:
        note("end_of_file_byte")
    if header.delimiter != ",":
        note("delimiter", rows, detail=DELIMITERS[header.delimiter])
    if header.titles:
        note("title_rows", header.titles)
    for kind, count in sieve.dropped.items():
        note(kind, count)
    for place, column in sieve.columns.items():
        if is_oddly_spelled(header.headers[place]):
            note("header_spelling", 1, column)


def read_text(
    connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path, notes: Notes
) -> list[Part]:
    path = source.path
    if path.suffix.lower() == ".gz":
        path = decompressed(path, source.file, target.with_suffix(".unpacked.csv"))
    text = decoded(path, source.file, target.with_suffix(".utf8.csv"))
    header = read_text_header(text.path, source.file, partial(headers.recognised, source.extract_name))
    survey = survey_text(text.path, source.file, header.delimiter)
    places = headers.match(source.extract_name, header.headers, source.file)
    extra = extra_columns(source.extract_name, header.headers, places)
    taken = places | extra
    known = headers.by_extract[source.extract_name]
    sieve = Sieve(
        source.file,
        {place: column for column, place in places.items()},
        COLUMNS[source.extract_name][0],
        lambda cell: known.get(normalised(cell)),
    )
    rows = None
    if is_plain(survey, header):
        try:
            condition = is_data(sieve, header, known)
            rows = copy_text(connection, text.path, target, header, taken, survey.line_end or "", condition)
        except DUCKDB_REFUSES:
            # If the cause was the disk, Python fails below too, and the error is reported.
            pass
    if rows is None or rows + 1 != survey.rows:
        kept = text_rows(text.path, source.file, header, sieve)
        rows = read_plainly(connection, kept, taken, source.file, target)
    for used in (text.path, path):
        if used != source.path:
            used.unlink(missing_ok=True)
    note_reading(notes, source, text, header, sieve, rows)
    conversions = {column: (column, "VARCHAR") for column in taken}
    dates = {column: column for column in places if column in DATE_COLUMNS}
    relation = f"read_parquet({quoted(target)})"
    # Nearly every zone comes with a clock, so that a file without a colon need not be looked through.
    sample = f"(select * from {relation} limit 1000)"
    if survey.has_colon or has_zones(connection, sample, dates):
        days = zoned_texts_as_days(connection, relation, dates, notes, source.extract_name, source.file)
        conversions |= {column: (sql, "VARCHAR") for column, sql in days.items()}
    is_canonical = all(sql == column for column, (sql, _) in conversions.items())
    return [
        source.part(
            target,
            rows,
            header.headers,
            places,
            extra,
            text.encoding,
            DELIMITERS[header.delimiter],
            conversions,
            is_canonical,
        )
    ]
