#!/usr/bin/env python3
"""Read extracts as people export them and write one Parquet file per extract, as the contract names it.

    prepare_extracts.py /path/to/extracts /path/to/prepared

An extract is `<name>.csv` (.txt, .tsv, .parquet, .xlsx), a folder `<name>/` of such files, or parts `<name>_*.csv`
(or another of the endings). Text is UTF-8, UTF-16 with a byte-order mark or Windows-1252, separated by comma, semicolon
or tab. Headers are found through seeds/quality/extract_headers.csv. Only the contract's columns are taken: names and
addresses stay where they are.

What cannot be trusted is refused: every problem of a run is one sentence on stderr, which names headers, files and
lines but never what a row holds. The exit status is then 2, and the output folder is as it was before.

DuckDB reads a text file, and must find as many rows as a plain count of its line ends. Where it does not, or refuses
the file, Python's csv module reads it instead: it either says which line is wrong, or rewrites the file plainly (line
ends that differ, blank lines, very long cells) for DuckDB to read.
"""

import argparse
import codecs
import csv
import difflib
import errno
import io
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import python_calamine

COLUMNS = {
    "clients": (("client_id", "date_of_birth", "gender", "client_status"), ()),
    "schools": (("school_id", "school_name", "school_type", "public_health_unit"), ("school_board",)),
    "education_records": (
        ("education_record_id", "client_id", "school_id", "effective_from", "effective_to"),
        ("grade",),
    ),
    "immunizations": (
        ("immunization_id", "client_id", "agent", "administered_date", "trade_name"),
        ("lot_number", "reported_by", "recorded_date"),
    ),
    "exemptions": (("exemption_id", "client_id", "antigen", "reason", "effective_from", "effective_to"), ()),
    "immunization_histories": (("client_id", "history"), ()),
}
OPTIONAL_EXTRACTS = ("immunization_histories",)
# Where several headers claim one of these, the map's order decides: PEAR prints the same history in two grammars.
PREFERRED_IN_ORDER = (("immunization_histories", "history"),)

HEADERS_FILE = Path(__file__).parents[1] / "seeds" / "quality" / "extract_headers.csv"
TEXT_ENDINGS = ("csv", "txt", "tsv")
ENDINGS = (*TEXT_ENDINGS, "parquet", "xlsx")
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
SIGNATURES = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old (.xls) or password-protected Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}
# DuckDB's own message can be cut within a character of the row that it quotes.
DUCKDB_REFUSES = (duckdb.Error, UnicodeDecodeError)
CHUNK_BYTES = 4 << 20
HEADER_CHARACTERS = 1 << 20
CELL_CHARACTERS = 64 << 20
LINE_BYTES = 2_000_000
# Windows-1252 leaves five bytes undefined; there Latin-1's control characters stand.
WINDOWS_1252 = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


class ExtractProblem(Exception):
    """What is wrong with one file, as one sentence that holds nothing of its rows."""


class ExtractsError(Exception):
    """All that is wrong with a folder of extracts. `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class PreparedFile:
    """One source file, for the build's record.

    `rows` counts rows with anything in them. `encoding` and `delimiter` are None for Parquet and Excel. `columns` gives
    the file's header for each column of the contract that it has.
    """

    extract_name: str
    path: Path
    rows: int
    encoding: str | None
    delimiter: str | None
    columns: dict[str, str]


@dataclass(frozen=True)
class Part:
    """A source file as Parquet: itself, or what was made of it. `conversions`: SQL and type by column."""

    source: "Source"
    prepared: PreparedFile
    path: Path
    conversions: dict[str, tuple[str, str]]
    is_canonical: bool


@dataclass(frozen=True)
class Source:
    """A source file; `file` is how sentences name it, relative to the folder of extracts."""

    extract_name: str
    path: Path
    file: str

    def part(
        self,
        parquet: Path,
        rows: int,
        columns: dict[str, str],
        encoding: str | None = None,
        delimiter: str | None = None,
        conversions: dict[str, tuple[str, str]] | None = None,
        is_canonical: bool = True,
    ) -> Part:
        """This file as read: without conversions, `parquet` has the contract's columns as text already."""
        prepared = PreparedFile(self.extract_name, self.path, rows, encoding, delimiter, columns)
        conversions = conversions or {column: (column, "VARCHAR") for column in columns}
        return Part(self, prepared, parquet, conversions, is_canonical)


@dataclass(frozen=True)
class TextSurvey:
    """What a look at a UTF-8 file's bytes tells: rows with the header's, and the line end, None where they differ."""

    rows: int
    line_end: str | None


@dataclass(frozen=True)
class TextHeader:
    headers: list[str]
    delimiter: str
    is_first_line: bool
    preamble: str


class Headers:
    """The column map. `by_extract[name]` gives the column of each normalised header, in the map's order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.by_extract: dict[str, dict[str, str]] = {name: {} for name in COLUMNS}
        problems = []
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error):
            raise ExtractsError([f"The column map {path} cannot be read: restore it as a UTF-8 CSV file."]) from None
        for number, row in enumerate(rows, start=1):
            name, column, header = (row.get(key) or "" for key in ("extract_name", "column_name", "header"))
            if name not in COLUMNS or column not in all_columns(name):
                problems.append(f"Row {number} of the column map {path} names no column of an extract: correct it.")
            elif self.by_extract[name].setdefault(normalised(header), column) != column:
                problems.append(f"Row {number} of the column map {path} gives '{header}' a second column: remove one.")
        for name, known in self.by_extract.items():
            for column in all_columns(name):
                known.setdefault(normalised(column), column)
        if problems:
            raise ExtractsError(problems)

    def match(self, extract_name: str, headers: list[str], file: str) -> dict[str, int]:
        """Place of each contract column among a file's headers. Raises ExtractsError with a sentence per column."""
        known = self.by_extract[extract_name]
        ranks = {header: rank for rank, header in enumerate(known)}
        claims: dict[str, list[int]] = {}
        for place, header in enumerate(headers):
            column = known.get(normalised(header))
            if column:
                claims.setdefault(column, []).append(place)
        problems = []
        for column, places in claims.items():
            if (extract_name, column) in PREFERRED_IN_ORDER:
                first = min(ranks[normalised(headers[place])] for place in places)
                places[:] = [place for place in places if ranks[normalised(headers[place])] == first]
            if len(places) > 1:
                claimants = " and ".join(shown(headers[place]) for place in places)
                problems.append(
                    f"{file} has more than one header for the column {column}, {claimants}: "
                    f"remove or rename all but one, or change {self.path.name}."
                )
        free = [h for place, h in enumerate(headers) if h.strip() and [place] not in claims.values()]
        missing = {c: nearest(c, known, free) for c in COLUMNS[extract_name][0] if c not in claims}
        if missing and not claims:
            # The first row may be somebody's, whatever it is like: it is not printed.
            problems.append(
                f"{file} has no header that is known for {extract_name} in its first row: "
                f"put a row with {', '.join(missing)} above the data."
            )
        else:
            found = ", ".join(shown(header) for header in headers[:40] if header.strip())
            for column, near in missing.items():
                problems.append(
                    f"{file} has no column {column} (its headers are {found}"
                    f"{', … ' if len(headers) > 40 else ''}{f'; the nearest is {shown(near)}' if near else ''}): "
                    f"rename a header, or add it to {self.path.name}."
                )
        if problems:
            raise ExtractsError(problems)
        return {column: claims[column][0] for column in all_columns(extract_name) if column in claims}

    def recognised(self, extract_name: str, headers: list[str]) -> int:
        return sum(normalised(header) in self.by_extract[extract_name] for header in headers)


def all_columns(extract_name: str) -> tuple[str, ...]:
    required, optional = COLUMNS[extract_name]
    return required + optional


def normalised(header: str) -> str:
    """A header as it is compared: without case, with one blank for each run of blanks, `_`, `-` and `/`."""
    return re.sub(r"[\s_/-]+", " ", header).strip().casefold()


def shown(header: str) -> str:
    text = " ".join(header.split())
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"


def nearest(column: str, known: dict[str, str], headers: list[str]) -> str | None:
    """The header that is most like one of a column's spellings, if any is like it at all."""
    spellings = [header for header, of_column in known.items() if of_column == column]
    likeness = {
        header: max(difflib.SequenceMatcher(None, normalised(header), spelling).ratio() for spelling in spellings)
        for header in headers
    }
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= 0.7 else None


def quoted(text: Path | str) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def os_problem(error: OSError, what: str) -> ExtractProblem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExtractProblem(f"{what} could not be prepared because the disk of the output folder is full: make room.")
    reasons = {
        errno.EACCES: ("permission denied", "let the account that runs the build read it"),
        errno.EPERM: ("permission denied", "let the account that runs the build read it"),
        errno.ELOOP: ("a symbolic link that leads back to itself", "replace it by what it should lead to"),
        errno.ENOENT: ("it is not there, or is a link to what is not there", "put it there"),
        errno.ENOTDIR: ("it is not a folder", "name the folder that holds the extracts"),
        errno.EISDIR: ("it is a folder, not a file", "put a file in its place"),
    }
    reason, remedy = reasons.get(error.errno or 0, (error.strerror or "input or output error", "look after its disk"))
    return ExtractProblem(f"{what} cannot be read ({reason}): {remedy}.")


# ---- which files ----------------------------------------------------------------------------------------------------


def is_candidate(name: str) -> bool:
    return not name.startswith((".", "_", "~$")) and name.lower().rpartition(".")[2] in ENDINGS


def list_folder(folder: Path, what: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise os_problem(error, what) from None


def find_files(folder: Path, extract_name: str, entries: list[str]) -> list[str]:
    """An extract's files in name order, relative to the folder; none where an optional extract is missing."""
    forms: dict[str, list[str]] = {}
    for entry in entries:
        stem, _, ending = entry.lower().rpartition(".")
        if entry.lower() == extract_name:
            names = [name for name in list_folder(folder / entry, entry) if is_candidate(name)]
            if not names:
                raise ExtractProblem(
                    f"The folder {entry} has no file that ends in {', '.join('.' + e for e in ENDINGS)}: "
                    "put the extract's files there, or remove it."
                )
            for name in names:
                forms.setdefault(f"{entry}/*.{name.lower().rpartition('.')[2]}", []).append(f"{entry}/{name}")
        elif is_candidate(entry) and stem == extract_name:
            forms[entry] = [entry]
        elif is_candidate(entry) and stem.startswith(extract_name + "_"):
            forms.setdefault(f"{extract_name}_*.{ending}", []).append(entry)
    if len(forms) > 1:
        examples = " and as ".join(files[0] for files in forms.values())
        raise ExtractProblem(f"{extract_name} is there more than once, as {examples}: keep one of them.")
    if not forms and extract_name not in OPTIONAL_EXTRACTS:
        near = difflib.get_close_matches(extract_name, [entry.lower().partition(".")[0] for entry in entries], 1, 0.8)
        nearest_entries = [entry for entry in entries if near and entry.lower().partition(".")[0] == near[0]]
        raise ExtractProblem(
            f"{extract_name} is missing: {folder} has no {extract_name}.csv (.txt, .tsv, .parquet, .xlsx), no folder "
            f"{extract_name} and no {extract_name}_*.csv"
            + (f"; the nearest is {nearest_entries[0]}; " if nearest_entries else ": ")
            + "export it or rename it."
        )
    return next(iter(forms.values()), [])


def check_content(path: Path, file: str) -> None:
    """Refuse what is no regular file, cannot be read, has no bytes or is not what its ending says."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "")
        if not stat.S_ISREG(mode):
            raise ExtractProblem(f"{file} is no regular file: put a file in its place.")
        with path.open("rb") as opened:
            begin = opened.read(512)
            opened.seek(max(0, os.fstat(opened.fileno()).st_size - 4))
            end = opened.read()
    except OSError as error:
        raise os_problem(error, file) from None
    if not begin:
        raise ExtractProblem(f"{file} is empty, without even a header: export it again.")
    ending = path.suffix.lower().lstrip(".")
    text = begin.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    content = next((what for magic, what in SIGNATURES.items() if text.startswith(magic.lower())), None)
    if ending in TEXT_ENDINGS and content:
        raise ExtractProblem(f"{file} is not text but {content}: export it as CSV, or give it its own ending.")
    if ending == "parquet" and not begin.startswith(b"PAR1"):
        raise ExtractProblem(f"{file} is not a Parquet file{f' but {content}' if content else ''}: export it again.")
    if ending == "parquet" and end != b"PAR1":
        raise ExtractProblem(f"{file} is cut off, as a Parquet file ends in PAR1: copy or export it again.")
    if ending == "xlsx" and not begin.startswith(b"PK\x03\x04"):
        raise ExtractProblem(
            f"{file} is not an Excel workbook (.xlsx){f' but {content}' if content else ''}: "
            "save it again as .xlsx, without a password."
        )


# ---- text -----------------------------------------------------------------------------------------------------------


def chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes, a `\\r\\n` never cut in two."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk + file.read(1) if chunk.endswith(b"\r") else chunk


def line_at(path: Path, place: int) -> int:
    """The line, from 1, of a byte."""
    before = 0
    lines = 1
    for chunk in chunks(path):
        before += len(chunk)
        lines += chunk[: len(chunk) - max(0, before - place)].count(b"\n")
        if before >= place:
            break
    return lines


def invalid_utf8_at(path: Path) -> int | None:
    """The place of the first byte that is not UTF-8. A character across the edge of two chunks is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = 0
    try:
        for chunk in chunks(path):
            pending = len(decoder.getstate()[0])
            decoder.decode(chunk)
            before += len(chunk)
        pending = len(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return before - pending + error.start
    return None


def as_utf8(path: Path, file: str, copy: Path) -> tuple[Path, str]:
    """The file as UTF-8, itself or what it writes to `copy`, and the name of its own encoding."""
    with path.open("rb") as opened:
        begin = opened.read(3)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            with path.open(encoding="utf-16", newline="") as source, copy.open("wb") as target:
                while text := source.read(CHUNK_BYTES):
                    target.write(text.encode("utf-8"))
        except UnicodeError:
            raise ExtractProblem(f"{file} begins as UTF-16 but is not, or is cut off: export it again.") from None
        return copy, "UTF-16"
    invalid = invalid_utf8_at(path)
    if invalid is None:
        return path, "UTF-8"
    if begin == codecs.BOM_UTF8:
        raise ExtractProblem(
            f"{file} has a byte-order mark of UTF-8, but line {line_at(path, invalid)} holds a byte that is not UTF-8: "
            "export it again in one encoding."
        )
    with copy.open("wb") as target:
        for chunk in chunks(path):
            target.write(codecs.charmap_decode(chunk, "strict", WINDOWS_1252)[0].encode("utf-8"))
    return copy, "Windows-1252"


def survey_text(path: Path, file: str) -> TextSurvey:
    """Count line ends outside quotation marks, which come in pairs. Refuses NUL bytes."""
    inside = 0
    line_feeds = returns = pairs = before = 0
    last = b""
    for chunk in chunks(path):
        if b"\0" in chunk:
            raise ExtractProblem(
                f"{file} holds a NUL byte on line {line_at(path, before + chunk.index(0))}: the file is damaged, or is "
                "UTF-16 without a byte-order mark; export it again as UTF-8."
            )
        before += len(chunk)
        pieces = chunk.split(b'"')
        outside = b"".join(pieces[inside::2])
        inside ^= (len(pieces) - 1) & 1
        line_feeds += outside.count(b"\n")
        if b"\r" in outside:
            returns += outside.count(b"\r")
            pairs += outside.count(b"\r\n")
        last = chunk[-1:]
    line_end = None
    if line_feeds and not returns:
        line_end = "\\n"
    elif line_feeds == returns == pairs:
        line_end = "\\r\\n"
    elif returns and not line_feeds:
        line_end = "\\r"
    return TextSurvey(max(line_feeds, returns) + (last not in (b"\n", b"\r")), line_end)


def read_text_header(path: Path, file: str, recognised: Callable[[list[str]], int]) -> TextHeader:
    """The headers of a UTF-8 file, and the delimiter by which most of them are recognised."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        text = opened.read(HEADER_CHARACTERS)
    # Excel's own way to name the delimiter.
    preamble = re.match(r"sep=([,;\t])(\r\n|\r|\n)", text)
    readings = []
    for delimiter in preamble[1] if preamble else DELIMITERS:
        reader = csv.reader(io.StringIO(text[preamble.end() if preamble else 0 :], newline=""), delimiter=delimiter)
        try:
            row = next((row for row in reader if any(cell.strip() for cell in row)), [])
        except csv.Error:
            continue
        score = (recognised(row), len(row))
        readings.append((score, TextHeader(row, delimiter, reader.line_num == 1, preamble[0] if preamble else "")))
    header = max(readings, key=lambda reading: reading[0], default=((0, 0), None))[1]
    if header is None or not header.headers:
        raise ExtractProblem(f"{file} has no header that can be read: put the column names in its first row.")
    return header


def copy_text(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    target: Path,
    header: TextHeader,
    places: dict[str, int],
    line_end: str,
) -> int:
    """Have DuckDB write a text file's columns to Parquet, without blank rows; their number. Raises DUCKDB_REFUSES."""
    names = [f"c{place}" for place in range(len(header.headers))]
    condition = f"coalesce({', '.join(names)}) is not null"
    return copy_csv(connection, path, target, names, places, condition, header.delimiter, line_end, LINE_BYTES)


def copy_plain(
    connection: duckdb.DuckDBPyConnection, path: Path, target: Path, columns: list[str], line_bytes: int
) -> int:
    """The same for a file that write_plain wrote."""
    names = [f"c{place}" for place in range(len(columns))]
    places = {column: place for place, column in enumerate(columns)}
    return copy_csv(connection, path, target, names, places, "true", ",", "\\n", line_bytes)


def link_to(path: Path, link: Path) -> Path:
    """Give a file a name without anything that DuckDB would take for a pattern, and without quotation marks."""
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(path.absolute())
    except OSError:
        # Windows lets administrators only make symbolic links.
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
    (rows,) = connection.execute(
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
    ).fetchone()
    return rows


def csv_problem(error: csv.Error, file: str, line: int) -> ExtractProblem:
    if "end of data" in str(error):
        what = "is cut off inside a quoted cell, or lacks a closing quotation mark,"
    elif "field limit" in str(error):
        what = f"has a cell of more than {CELL_CHARACTERS:,} characters, or lacks a closing quotation mark,"
    else:
        what = "has text after a closing quotation mark"
    return ExtractProblem(
        f"{file} {what} in the row that begins on line {line}: export it again, with quotation marks in cells doubled."
    )


def text_rows(path: Path, file: str, header: TextHeader) -> Iterator[list[str]]:
    """The rows of a UTF-8 file as Python reads them, without blank ones; the header first.

    Empty cells beyond the header, and missing cells below its unnamed end, are let pass. Raises ExtractProblem at the
    end where a row has another number of columns than the header.
    """
    csv.field_size_limit(CELL_CHARACTERS)
    most = len(header.headers)
    least = max(place for place, name in enumerate(header.headers) if name.strip()) + 1
    ragged: list[tuple[int, int]] = []
    is_header_read = is_last_short = False
    with path.open(encoding="utf-8-sig", newline="") as source:
        source.read(len(header.preamble))
        lines_before = 1 if header.preamble else 0
        reader = csv.reader(source, delimiter=header.delimiter, strict=True)
        while True:
            line = lines_before + reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                raise csv_problem(error, file, line) from None
            if not any(row) or (len(row) == 1 and not row[0].strip()):
                continue
            while is_header_read and len(row) > most and not row[-1]:
                row.pop()
            is_last_short = len(row) < least
            if least <= len(row) <= most:
                yield row
            else:
                ragged.append((line, len(row)))
            is_header_read = True
    if ragged:
        line, columns = ragged[0]
        count = f"{columns} column{'' if columns == 1 else 's'}"
        if len(ragged) == 1 and is_last_short:
            raise ExtractProblem(
                f"{file} is cut off: its last row, on line {line}, has {count} where the header has {most}; "
                "export it again."
            )
        more = f" (the first of {len(ragged):,} such rows)" if len(ragged) > 1 else ""
        raise ExtractProblem(
            f"{file} has {count} on line {line} where the header has {most}{more}: export it again, with "
            "quotation marks around cells that hold the delimiter."
        )


def write_plain(rows: Iterable[list[str]], places: Iterable[int], target: Path) -> tuple[int, int]:
    """Write some columns as a plain CSV file; the number of rows, without the header, and a limit of a line's bytes."""
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
    """Write rows, the header first, to Parquet by way of a plain CSV file; their number."""
    plain = target.with_suffix(".plain.csv")
    expected, line_bytes = write_plain(rows, places.values(), plain)
    try:
        found = copy_plain(connection, plain, target, list(places), line_bytes)
    except DUCKDB_REFUSES as error:
        raise ExtractProblem(
            f"{file} could not be prepared ({type(error).__name__}): look whether memory and disk suffice."
        ) from None
    plain.unlink()
    if found != expected:
        raise ExtractProblem(f"{file} cannot be read reliably: save it again as plain CSV in UTF-8.")
    return found


def read_text(connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path) -> Part:
    copy = target.with_suffix(".utf8.csv")
    path, encoding = as_utf8(source.path, source.file, copy)
    survey = survey_text(path, source.file)
    header = read_text_header(path, source.file, partial(headers.recognised, source.extract_name))
    places = headers.match(source.extract_name, header.headers, source.file)
    rows = None
    if survey.line_end and header.is_first_line and not header.preamble:
        try:
            rows = copy_text(connection, path, target, header, places, survey.line_end)
        except DUCKDB_REFUSES:
            # It may have been the disk; then Python meets the same below and says so.
            pass
    if rows is None or rows + 1 != survey.rows:
        rows = read_plainly(connection, text_rows(path, source.file, header), places, source.file, target)
    copy.unlink(missing_ok=True)
    columns = {column: header.headers[place] for column, place in places.items()}
    return source.part(target, rows, columns, encoding, DELIMITERS[header.delimiter])


# ---- Excel ----------------------------------------------------------------------------------------------------------


def excel_text(value: Any) -> str:
    """A cell as text: a whole number without a decimal point, a date as 2013-08-20, with its time where it has one."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    return str(value)


def read_excel(connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path) -> Part:
    """Read the one sheet that has the extract's columns in its first row."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(source.path))
        is_sheet = python_calamine.SheetTypeEnum.WorkSheet
        sheets = {s.name: workbook.get_sheet_by_name(s.name) for s in workbook.sheets_metadata if s.typ == is_sheet}
        first_rows = {name: [excel_text(c) for c in next(sheet.iter_rows(), [])] for name, sheet in sheets.items()}
    except (python_calamine.CalamineError, OSError):
        raise ExtractProblem(
            f"{source.file} cannot be read as an Excel workbook: save it again as .xlsx, without a password, or as CSV."
        ) from None
    filled = {name: row for name, row in first_rows.items() if any(cell.strip() for cell in row)}
    if not filled:
        raise ExtractProblem(f"{source.file} has no sheet with anything in it: export it again.")
    matches: dict[str, dict[str, int]] = {}
    problems = []
    for name, row in filled.items():
        try:
            matches[name] = headers.match(source.extract_name, row, f"{source.file} (sheet {shown(name)})")
        except ExtractsError as error:
            problems.append(error)
    if not matches:
        raise min(problems, key=lambda error: len(error.problems))
    if len(matches) > 1:
        raise ExtractProblem(
            f"{source.file} has more than one sheet with {source.extract_name}, {' and '.join(map(shown, matches))}: "
            "keep one of them."
        )
    ((name, places),) = matches.items()
    texts = ([excel_text(cell) for cell in row] for row in sheets[name].iter_rows())
    rows = read_plainly(connection, (row for row in texts if any(row)), places, source.file, target)
    return source.part(target, rows, {column: filled[name][place] for column, place in places.items()})


# ---- Parquet --------------------------------------------------------------------------------------------------------


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def parquet_sql(connection: duckdb.DuckDBPyConnection, link: Path, name: str, source_type: str) -> tuple[str, str]:
    """How a column becomes text, or a date where its type is one, and its type then."""
    column = identifier(name)
    if source_type in ("DATE", "VARCHAR"):
        return column, source_type
    if source_type.startswith("TIMESTAMP"):
        # A zone's own midnight is another hour in UTC: such a column stays text, with the hour.
        moment = f"cast({column} as timestamp)"
        day = f"cast({moment} as date)"
        (is_day,) = connection.execute(
            f"select coalesce(bool_and({moment} = {day}), true) from read_parquet({quoted(link)})"
        ).fetchone()
        if is_day:
            return day, "DATE"
        return f"case when {moment} = {day} then cast({day} as varchar) else cast({column} as varchar) end", "VARCHAR"
    if source_type in ("FLOAT", "DOUBLE") or source_type.startswith("DECIMAL"):
        whole = f"cast(cast({column} as bigint) as varchar)"
        is_whole = f"abs({column}) < 1e15 and {column} = floor({column})"
        return f"case when {is_whole} then {whole} else cast({column} as varchar) end", "VARCHAR"
    return (f"decode({column})" if source_type == "BLOB" else f"cast({column} as varchar)"), "VARCHAR"


def read_parquet(connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path) -> Part:
    link = link_to(source.path, target.with_suffix(".link.parquet"))
    try:
        described = connection.execute(f"describe select * from read_parquet({quoted(link)})").fetchall()
        schema = connection.execute(f"select name from parquet_schema({quoted(link)})").fetchall()
        printed = {name for (name,) in schema}
        (rows,) = connection.execute(f"select num_rows from parquet_file_metadata({quoted(link)})").fetchone()
        # DuckDB numbers names that differ in case only; the file's own are compared.
        names = [name if name in printed else re.sub(r"_\d+$", "", name) for name, *_ in described]
        places = headers.match(source.extract_name, names, source.file)
        conversions = {column: parquet_sql(connection, link, *described[place][:2]) for column, place in places.items()}
    except DUCKDB_REFUSES:
        raise ExtractProblem(f"{source.file} is damaged and cannot be read as Parquet: export it again.") from None
    is_canonical = [(name, kind) for name, kind, *_ in sorted(described)] == sorted(
        (column, kind) for column, (_, kind) in conversions.items()
    )
    columns = {column: names[place] for column, place in places.items()}
    return source.part(link, rows, columns, conversions=conversions, is_canonical=is_canonical)


# ---- together -------------------------------------------------------------------------------------------------------

READERS = dict.fromkeys(TEXT_ENDINGS, read_text) | {"xlsx": read_excel, "parquet": read_parquet}


def select_part(part: Part, types: dict[str, str]) -> str:
    selected = []
    for column, kind in types.items():
        sql, found = part.conversions.get(column, ("null", ""))
        selected.append(f"{sql if found == kind else f'cast({sql} as {kind})'} as {column}")
    return f"select {', '.join(selected)} from read_parquet({quoted(part.path)})"


def merge_parts(connection: duckdb.DuckDBPyConnection, extract_name: str, parts: list[Part], target: Path) -> None:
    """Write or link an extract's parts, in their order, as one Parquet file."""
    if len(parts) == 1 and parts[0].is_canonical:
        link_or_copy(parts[0].path.resolve(), target)
        return
    types = {}
    for column in all_columns(extract_name):
        kinds = {part.conversions[column][1] for part in parts if column in part.conversions}
        if kinds:
            types[column] = "DATE" if kinds == {"DATE"} else "VARCHAR"
    selects = [select_part(part, types) for part in parts]
    try:
        (rows,) = connection.execute(
            f"copy ({' union all '.join(selects)}) to {quoted(target)} (format parquet)"
        ).fetchone()
    except DUCKDB_REFUSES as error:
        for part, select in zip(parts, selects, strict=True):
            try:
                connection.execute(f"copy ({select}) to {quoted(target)} (format parquet)")
            except (duckdb.InvalidInputException, duckdb.ConversionException, UnicodeDecodeError):
                raise ExtractProblem(f"{part.source.file} is damaged and cannot be read: export it again.") from None
            except DUCKDB_REFUSES:
                break
        raise ExtractProblem(
            f"{extract_name} could not be prepared ({type(error).__name__}): look whether memory and disk suffice."
        ) from None
    if rows != sum(part.prepared.rows for part in parts):
        raise ExtractProblem(f"{extract_name} could not be read completely: export it again.")


def prepare_extract(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    extract_name: str,
    files: list[str],
    headers: Headers,
    scratch: Path,
) -> list[PreparedFile]:
    """Write `<scratch>/<extract_name>.parquet`. Raises ExtractsError with everything that is wrong with the files."""
    parts: list[Part] = []
    problems: list[str] = []
    work = scratch / f"{extract_name}_parts"
    work.mkdir()
    for number, file in enumerate(files):
        source = Source(extract_name, folder / file, file)
        try:
            check_content(source.path, file)
            reader = READERS[source.path.suffix.lower().lstrip(".")]
            parts.append(reader(connection, source, headers, work / f"{number:06}.parquet"))
        except ExtractsError as error:
            problems += error.problems
        except ExtractProblem as problem:
            problems.append(str(problem))
        except OSError as error:
            problems.append(str(os_problem(error, file)))
    if problems:
        raise ExtractsError(problems)
    if extract_name not in OPTIONAL_EXTRACTS and not any(part.prepared.rows for part in parts):
        raise ExtractProblem(
            f"{' and '.join(files)} {'has' if len(files) == 1 else 'have'} a header but no rows: export it again, as "
            f"{extract_name} must not be empty."
        )
    merge_parts(connection, extract_name, parts, scratch / f"{extract_name}.parquet")
    shutil.rmtree(work)
    return [part.prepared for part in parts]


def prepare_all(folder: Path, headers: Headers, scratch: Path) -> list[PreparedFile]:
    prepared: list[PreparedFile] = []
    problems: list[str] = []
    entries = list_folder(folder, f"The folder of extracts {folder}")
    with duckdb.connect(config={"temp_directory": str(scratch / "spill")}) as connection:
        connection.execute("set enable_progress_bar = false")
        for extract_name in COLUMNS:
            try:
                files = find_files(folder, extract_name, entries)
                if files:
                    prepared += prepare_extract(connection, folder, extract_name, files, headers, scratch)
            except ExtractsError as error:
                problems += error.problems
            except ExtractProblem as problem:
                problems.append(str(problem))
            except OSError as error:
                problems.append(str(os_problem(error, extract_name)))
    if problems:
        raise ExtractsError(problems)
    return prepared


def prepare(folder: Path, output: Path, headers_file: Path = HEADERS_FILE) -> list[PreparedFile]:
    """Write `<output>/<extract>.parquet` for each extract of a folder, and remove what an earlier run left there.

    The files have the contract's columns that the extract has, as text or date, and the rows in the order of the files.
    A file that is so already is linked, not copied, where the disk allows. Returns a record of each source file.
    Raises ExtractsError with a sentence for each problem; the output folder is then as it was.
    """
    headers = Headers(headers_file)
    try:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.exists() and output.samefile(folder):
            raise ExtractsError([f"{output} holds the extracts themselves: name another folder for the output."])
        with tempfile.TemporaryDirectory(prefix=".prepare_extracts_", dir=output) as scratch_name:
            scratch = Path(scratch_name)
            prepared = prepare_all(folder, headers, scratch)
            for extract_name in COLUMNS:
                finished = scratch / f"{extract_name}.parquet"
                target = output / finished.name
                if not finished.exists():
                    target.unlink(missing_ok=True)
                    continue
                if finished.stat().st_nlink == 1:
                    finished.chmod(0o600)
                finished.replace(target)
    except ExtractProblem as problem:
        raise ExtractsError([str(problem)]) from None
    except OSError as error:
        raise ExtractsError(
            [f"The output folder {output} cannot be written ({error.strerror}): name another, or make room."]
        ) from None
    return prepared


def main() -> int:
    parser = argparse.ArgumentParser(description="Read extracts as people export them; write one Parquet file of each.")
    parser.add_argument("folder", type=Path, help="the folder of the extracts")
    parser.add_argument("output", type=Path, help="the folder that gets one Parquet file per extract")
    parser.add_argument("--headers", type=Path, default=HEADERS_FILE, help="the column map (default: the project's)")
    arguments = parser.parse_args()
    try:
        prepared = prepare(arguments.folder, arguments.output, arguments.headers)
    except ExtractsError as error:
        print(error, file=sys.stderr)
        return 2
    for file in prepared:
        how = ", ".join(word for word in (file.encoding, file.delimiter) if word)
        print(f"{file.path.relative_to(arguments.folder)}: {file.rows:,} rows{f' ({how})' if how else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
