"""Read an Excel workbook: every sheet with data is read as a part, noted as not read, or refused."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import python_calamine

from immunization_coverage.extracts.columns import COLUMNS, DATE_COLUMNS, Headers, normalised
from immunization_coverage.extracts.days import zoned_texts_as_days
from immunization_coverage.extracts.duckdb_files import quoted, read_plainly
from immunization_coverage.extracts.in_force import extra_columns
from immunization_coverage.extracts.notes import Notes
from immunization_coverage.extracts.parts import Part, Source
from immunization_coverage.extracts.problems import ExtractsError, count_of, shown, stop
from immunization_coverage.extracts.rows import (
    HEADER_ROWS,
    Sieve,
    Widths,
    find_header,
    is_oddly_spelled,
    rows_like_data,
)

RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
CELL = re.compile(rb'<(?:\w+:)?c r="([A-Z]+)\d+"([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)', re.DOTALL)
FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
RESULT = re.compile(rb"<(?:\w+:)?(?:v|is)>(?!</)")


def excel_text(value: Any) -> str:
    """A cell as text: a whole number without a decimal point, a date as 2013-08-20, with its time where it has one."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    return str(value)


def texts(sheet: python_calamine.CalamineSheet) -> Iterator[list[str]]:
    for row in sheet.iter_rows():
        yield [excel_text(cell) for cell in row]


def place_of(letters: str) -> int:
    """A column's place from its letters: A is 0."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def sheet_files(archive: zipfile.ZipFile) -> dict[str, str]:
    """The XML file of each sheet."""
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    found = {}
    for sheet in workbook.iter():
        if sheet.tag.endswith("}sheet"):
            target = targets.get(sheet.get(RELATIONSHIP), "")
            found[sheet.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


def odd_cells(path: Path, sheet: str) -> tuple[Counter[int], Counter[int]]:
    """Cells without a stored result of their formula, and cells with an error, by the column's place."""
    unstored: Counter[int] = Counter()
    errors: Counter[int] = Counter()
    try:
        with zipfile.ZipFile(path) as archive, archive.open(sheet_files(archive)[sheet]) as opened:
            rest = b""
            while chunk := opened.read(8 << 20):
                content = rest + chunk
                end = content.rfind(b"<row") if len(chunk) == 8 << 20 else len(content)
                content, rest = content[:end], content[end:]
                if FORMULA.search(content) or b't="e"' in content:
                    count_odd_cells(content, unstored, errors)
    except (KeyError, OSError, zipfile.BadZipFile, ElementTree.ParseError):
        # Other formats that calamine reads have no such parts.
        pass
    return unstored, errors


def count_odd_cells(content: bytes, unstored: Counter[int], errors: Counter[int]) -> None:
    for letters, attributes, inner in CELL.findall(content):
        if b't="e"' in attributes:
            errors[place_of(letters.decode())] += 1
        elif FORMULA.search(inner) and b't="str"' not in attributes and not RESULT.search(inner):
            unstored[place_of(letters.decode())] += 1


def shape(text: str) -> str:
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", text.strip()))


def table_rows(
    rows: Iterator[list[str]], header: list[str], header_row: int | None, first_row: int, file: str, sieve: Sieve
) -> Iterator[list[str]]:
    """A sheet's rows, those of the table only, the header first. `header_row`: None if it goes on without one."""
    yield header
    widths = Widths(header)
    begin = 0 if header_row is None else header_row + 1
    for number, row in enumerate(rows):
        if header_row is None:
            row = row + [""] * (len(header) - len(row))
        if number >= begin and sieve.keeps(row, first_row + number):
            widths.add(row, first_row + number)
            yield row
    widths.check(file)
    sieve.finish()


def goes_on(rows: list[list[str]], width: int, before: list[list[str]], places: dict[str, int]) -> bool:
    """Whether rows without a header are like those of the sheet before: as wide, ids and dates of the same shapes."""
    # Empty columns at the end are not stored.
    rows = [row + [""] * (width - len(row)) for row in rows if any(row)]
    if not rows or max(map(len, rows)) != width:
        return False
    for column, place in places.items():
        if column.endswith("_id") or column in DATE_COLUMNS:
            shapes = {shape(row[place]) for row in before if row[place]}
            filled = [row[place] for row in rows if row[place]]
            if sum(shape(text) in shapes for text in filled) < 0.9 * len(filled):
                return False
    return any(row[place] for row in rows for place in places.values())


def is_table_like(rows: list[list[str]], columns: int) -> bool:
    """Whether rows may be data of an extract: at least two of that width, the first not the header of another table."""
    filled = [[cell for cell in row if cell.strip()] for row in rows]
    wide = [row for row in filled if len(row) >= columns]
    return len(wide) >= 2 and any(character.isdigit() for cell in wide[0] for character in cell)


def read_excel(
    connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path, notes: Notes
) -> list[Part]:
    """A part of each sheet that has the extract's columns, or goes on like the one before. Raises ExtractProblem."""
    extract_name = source.extract_name
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(source.path))
        is_sheet = python_calamine.SheetTypeEnum.WorkSheet
        metadata = [sheet for sheet in workbook.sheets_metadata if sheet.typ == is_sheet]
        sheets = {sheet.name: workbook.get_sheet_by_name(sheet.name) for sheet in metadata}
        begins = {name: list(islice(texts(sheet), HEADER_ROWS)) for name, sheet in sheets.items()}
    except (python_calamine.CalamineError, OSError):
        raise stop("excel_damaged", file=source.file) from None
    hidden = {sheet.name for sheet in metadata if sheet.visible != python_calamine.SheetVisibleEnum.Visible}
    filled = {name: rows for name, rows in begins.items() if any(cell.strip() for row in rows for cell in row)}
    if not filled:
        raise stop("sheets_empty", file=source.file)
    required = COLUMNS[extract_name][0]
    recognised = partial(headers.recognised, extract_name)
    matches: dict[str, tuple[int | None, list[str], dict[str, int]]] = {}
    problems: list[ExtractsError] = []
    last: tuple[list[str], dict[str, int], list[list[str]]] | None = None
    unmatched = []
    for name, rows in filled.items():
        named_file = f"{source.file} (sheet {shown(name)})" if len(sheets) > 1 else source.file
        place = find_header(rows, recognised)
        assert place is not None
        known = recognised(rows[place])
        data = next(rows_like_data(rows[:place], rows[place], known), None)
        if data is not None:
            first = (sheets[name].start or (0, 0))[0] + 1
            raise stop("rows_above_header", file=named_file, line=first + data)
        try:
            places = headers.match(extract_name, rows[place], named_file)
        except ExtractsError as error:
            if known < 2 and last and goes_on(rows, len(last[0]), last[2], last[1]):
                matches[name] = (None, last[0], last[1])
                continue
            unmatched.append((name, rows, known, error))
            continue
        if name in hidden and len(filled) > 1:
            raise stop("sheet_hidden", file=source.file, sheet=shown(name), extract=extract_name)
        matches[name] = (place, rows[place], places)
        last = (rows[place], places, [row for row in rows[place + 1 :] if any(row)])
    for name, rows, known, refusal in unmatched:
        if not matches or known >= max(2, len(required) - 1):
            problems.append(refusal)
        elif is_table_like(rows, max(2, len(required) - 1)):
            raise stop("sheet_without_header", file=source.file, sheet=shown(name))
        else:
            notes.add(extract_name, f"{source.file} [{name}]", "sheet_not_read")
    if problems:
        raise min(problems, key=lambda error: len(error.problems))
    parts = []
    for number, (name, (header_row, header, places)) in enumerate(matches.items()):
        sheet = name if len(filled) > 1 else None
        parts.append(
            read_sheet(
                connection,
                source,
                headers,
                target.with_suffix(f".{number:04}.parquet"),
                notes,
                sheets[name],
                name,
                sheet,
                (header_row, header, places),
            )
        )
        if len(matches) > 1:
            kind = "sheet_goes_on" if header_row is None else "sheet_read_as_part"
            notes.add(extract_name, parts[-1].prepared.file, kind, parts[-1].prepared.rows)
    return parts


def read_sheet(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    headers: Headers,
    target: Path,
    notes: Notes,
    sheet: python_calamine.CalamineSheet,
    name: str,
    shown_name: str | None,
    match: tuple[int | None, list[str], dict[str, int]],
) -> Part:
    header_row, header, places = match
    extract_name = source.extract_name
    file = f"{source.file} [{shown_name}]" if shown_name else source.file
    first_row, first_column = sheet.start or (0, 0)
    extra = extra_columns(extract_name, header, places)
    taken = places | extra
    unstored, errors = odd_cells(source.path, name)
    for column, place in taken.items():
        shown_column = header[place] if column in extra else column
        if unstored[first_column + place]:
            rows_text = count_of(unstored[first_column + place], "row")
            raise stop("formulas_without_results", file=file, column=shown_column, rows=rows_text)
        if errors[first_column + place]:
            notes.add(extract_name, file, "error_cells", errors[first_column + place], column)
    begin = first_row + (0 if header_row is None else header_row + 1)
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        covered = [c for c, place in places.items() if left <= first_column + place <= right]
        if top >= begin and covered and bottom > top:
            raise stop("merged_cells", file=file, column=covered[0], rows=count_of(bottom - top, "row"))
    known = headers.by_extract[extract_name]
    sieve = Sieve(
        file,
        {place: column for column, place in places.items()},
        COLUMNS[extract_name][0],
        lambda cell: known.get(normalised(cell)),
    )
    table = table_rows(texts(sheet), header, header_row, first_row + 1, file, sieve)
    rows = read_plainly(connection, table, taken, file, target)
    titles = [row for row in islice(texts(sheet), header_row or 0) if any(cell.strip() for cell in row)]
    if titles:
        notes.add(extract_name, file, "title_rows", len(titles))
    for kind, count in sieve.dropped.items():
        notes.add(extract_name, file, kind, count)
    for place, column in sieve.columns.items():
        if is_oddly_spelled(header[place]):
            notes.add(extract_name, file, "header_spelling", 1, column)
    dates = {column: column for column in places if column in DATE_COLUMNS}
    relation = f"read_parquet({quoted(target)})"
    conversions = {column: (column, "VARCHAR") for column in taken}
    days = zoned_texts_as_days(connection, relation, dates, notes, extract_name, file)
    conversions |= {column: (sql, "VARCHAR") for column, sql in days.items()}
    return source.part(
        target, rows, header, places, extra, conversions=conversions, is_canonical=not days, sheet=shown_name
    )
