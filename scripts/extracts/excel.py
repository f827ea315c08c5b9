"""Read an Excel workbook."""

from datetime import datetime, time
from pathlib import Path
from typing import Any

import duckdb
import python_calamine

from extracts.columns import Headers
from extracts.duckdb_files import read_plainly
from extracts.in_force import extra_columns
from extracts.notes import Notes
from extracts.parts import Part, Source
from extracts.problems import ExtractProblem, ExtractsError, shown


def excel_text(value: Any) -> str:
    """A cell as text: a whole number without a decimal point, a date as 2013-08-20, with its time where it has one."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    return str(value)


def read_excel(
    connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path, notes: Notes
) -> list[Part]:
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
    extra = extra_columns(source.extract_name, filled[name], places)
    rows = read_plainly(connection, (row for row in texts if any(row)), places | extra, source.file, target)
    return [source.part(target, rows, filled[name], places, extra, sheet=name if len(sheets) > 1 else None)]
