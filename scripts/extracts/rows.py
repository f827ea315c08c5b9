"""Rows and header of a UTF-8 text file."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from extracts.decoding import chunks, line_at
from extracts.problems import ExtractProblem

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
HEADER_CHARACTERS = 1 << 20
CELL_CHARACTERS = 64 << 20


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
