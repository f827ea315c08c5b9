"""A folder of extracts as one Parquet file per extract."""

import shutil
import tempfile
from functools import partial
from pathlib import Path

import duckdb
import python_calamine

from immunization_coverage.extracts.columns import COLUMNS, HEADERS_FILE, Headers, all_columns
from immunization_coverage.extracts.completeness import check_empty, check_rows, check_texts
from immunization_coverage.extracts.duckdb_files import DUCKDB_REFUSES, link_or_copy, link_to, quoted
from immunization_coverage.extracts.excel import read_excel, texts
from immunization_coverage.extracts.files import (
    ENDINGS,
    GZIP_ENDINGS,
    TEXT_ENDINGS,
    check_content,
    ending_of,
    find_files,
    first_text,
)
from immunization_coverage.extracts.in_force import not_in_force
from immunization_coverage.extracts.notes import FILES_NAME, NOTES_NAME, Notes, write_files
from immunization_coverage.extracts.parquet import read_parquet
from immunization_coverage.extracts.parts import FileState, Part, PreparedFile, Source
from immunization_coverage.extracts.problems import ExtractProblem, ExtractsError, os_problem, stop
from immunization_coverage.extracts.rows import find_header, text_header
from immunization_coverage.extracts.text import read_text

READERS = dict.fromkeys((*TEXT_ENDINGS, *GZIP_ENDINGS), read_text) | {"xlsx": read_excel, "parquet": read_parquet}
assert set(READERS) == set(ENDINGS)


def select_part(part: Part, types: dict[str, str], not_in_force: str | None, has_not_in_force: bool) -> str:
    selected = []
    for column, kind in types.items():
        sql, found = part.conversions.get(column, ("null", ""))
        selected.append(f"{sql if found == kind else f'cast({sql} as {kind})'} as {column}")
    if has_not_in_force:
        selected.append(f"cast({not_in_force or 'null'} as varchar) as not_in_force")
    return f"select {', '.join(selected)} from read_parquet({quoted(part.path)})"


def merge_parts(
    connection: duckdb.DuckDBPyConnection,
    extract_name: str,
    parts: list[Part],
    not_in_force: list[str | None],
    target: Path,
) -> None:
    """Write or link an extract's parts, in their order, as one Parquet file."""
    has_not_in_force = any(not_in_force)
    if len(parts) == 1 and parts[0].is_canonical and not has_not_in_force:
        link_or_copy(parts[0].path.resolve(), target)
        return
    types = {}
    for column in all_columns(extract_name):
        kinds = {part.conversions[column][1] for part in parts if column in part.conversions}
        if kinds:
            types[column] = "DATE" if kinds == {"DATE"} else "VARCHAR"
    selects = [select_part(part, types, sql, has_not_in_force) for part, sql in zip(parts, not_in_force, strict=True)]
    try:
        ((rows,),) = connection.execute(
            f"copy ({' union all '.join(selects)}) to {quoted(target)} (format parquet)"
        ).fetchall()
    except DUCKDB_REFUSES as error:
        for part, select in zip(parts, selects, strict=True):
            try:
                connection.execute(f"copy ({select}) to {quoted(target)} (format parquet)")
            except (duckdb.InvalidInputException, duckdb.ConversionException, UnicodeDecodeError):
                raise stop("not_utf8_parquet", file=part.source.file) from None
            except DUCKDB_REFUSES:
                break
        raise stop("not_prepared", what=extract_name, error=type(error).__name__) from None
    if rows != sum(part.prepared.rows for part in parts):
        raise stop("incomplete", extract=extract_name)


def read_parts(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    extract_name: str,
    files: list[str],
    headers: Headers,
    work: Path,
    notes: Notes,
) -> list[Part]:
    """The files of an extract as Parquet in `work`. Raises ExtractsError with all of their problems."""
    parts: list[Part] = []
    problems: list[str] = []
    for number, file in enumerate(files):
        try:
            check_content(folder / file, file)
            source = Source(extract_name, folder / file, file, FileState.of(folder / file))
            reader = READERS[ending_of(file)]
            read = reader(connection, source, headers, work / f"{number:06}.parquet", notes)
            for part in read:
                check_texts(connection, part, notes)
            parts += read
        except ExtractsError as error:
            problems += error.problems
        except ExtractProblem as problem:
            problems.append(str(problem))
        except OSError as error:
            problems.append(str(os_problem(error, file)))
    if problems:
        raise ExtractsError(problems)
    check_rows(parts)
    return parts


def extract_of_header(
    connection: duckdb.DuckDBPyConnection, headers: Headers, scratch: Path, path: Path, ending: str
) -> str | None:
    """The extract whose required columns a file has, if its form can be read here."""
    rows: list[list[list[str]]] = []
    try:
        if ending == "parquet":
            link = link_to(path, scratch / "looked_into.parquet")
            described = connection.execute(f"describe select * from read_parquet({quoted(link)})").fetchall()
            rows = [[[name for name, *_ in described]]]
        elif ending == "xlsx":
            workbook = python_calamine.CalamineWorkbook.from_path(str(path))
            sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
            rows = [[row for row, _ in zip(texts(sheet), range(20), strict=False)] for sheet in sheets]
    except (*DUCKDB_REFUSES, python_calamine.CalamineError, OSError):
        return None
    beginning = "" if rows else first_text(path)
    for extract_name in COLUMNS:
        recognised = partial(headers.recognised, extract_name)
        candidates = []
        try:
            if beginning and "\0" not in beginning:
                candidates = [text_header(beginning, path.name, recognised).headers]
            for sheet in rows:
                place = find_header(sheet, recognised)
                candidates += [sheet[place]] if place is not None else []
            for candidate in candidates:
                headers.match(extract_name, candidate, path.name)
                return extract_name
        except (ExtractProblem, ExtractsError):
            continue
    return None


def prepare_all(folder: Path, headers: Headers, scratch: Path) -> list[PreparedFile]:
    """Prepares each extract of a folder below `scratch`. Raises ExtractsError with every problem of the folder."""
    parts: dict[str, list[Part]] = {}
    notes = Notes()
    with duckdb.connect(config={"temp_directory": str(scratch / "spill")}) as connection:
        connection.execute("set enable_progress_bar = false")
        found = find_files(folder, notes, partial(extract_of_header, connection, headers, scratch))
        problems = found.problems
        work = scratch / "parts"
        for extract_name, files in found.files.items():
            try:
                (work / extract_name).mkdir(parents=True)
                parts[extract_name] = read_parts(
                    connection, folder, extract_name, files, headers, work / extract_name, notes
                )
            except ExtractsError as error:
                problems += error.problems
            except ExtractProblem as problem:
                problems.append(str(problem))
            except OSError as error:
                problems.append(str(os_problem(error, extract_name)))
        problems += map(str, check_empty(parts, notes))
        for extract_name in parts:
            try:
                judged = not_in_force(connection, extract_name, parts[extract_name], notes)
                if not problems:
                    target = scratch / f"{extract_name}.parquet"
                    merge_parts(connection, extract_name, parts[extract_name], judged, target)
            except ExtractsError as error:
                problems += error.problems
            except ExtractProblem as problem:
                problems.append(str(problem))
        read = [part for of_extract in parts.values() for part in of_extract]
        if not problems:
            write_files(connection, read, scratch)
            notes.write(connection, scratch)
    prepared = [part.prepared for part in read]
    problems += changed(prepared, is_replaced_too=True)
    if problems:
        raise ExtractsError(list(dict.fromkeys(problems)))
    return prepared


def changed(prepared: list[PreparedFile], is_replaced_too: bool = False) -> list[str]:
    """A sentence for each source file that was written into since it was read (or replaced by another)."""
    problems = {}
    for file in prepared:
        if file.state is None:
            continue
        try:
            state = FileState.of(file.path)
        except OSError:
            state = None
        is_replaced = state is None or state.inode != file.state.inode
        if state != file.state and (is_replaced_too or not is_replaced):
            problems[file.path] = str(stop("changed_while_built", file=file.file))
    return list(problems.values())


def verify(prepared: list[PreparedFile]) -> None:
    """Raises ExtractsError if a source file was written into since it was read: an extract may be a link to it.

    A file that was replaced by a new one changes nothing: the link keeps the old one.
    """
    problems = changed(prepared)
    if problems:
        raise ExtractsError(problems)


def prepare(folder: Path, output: Path, headers_file: Path = HEADERS_FILE) -> list[PreparedFile]:
    """Write `<output>/<extract>.parquet` for each extract of a folder, and remove what an earlier run left there.

    The files have the contract's columns that the extract has, as text or date, and the rows in the order of the files.
    A file that has this form already is linked, not copied, if the disk allows: `verify` finds later changes.
    Returns a record of each source file. Raises ExtractsError with a sentence for each problem; the output folder is
    then as it was.
    """
    headers = Headers(headers_file)
    try:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.exists() and output.samefile(folder):
            raise ExtractsError([f"{output} holds the extracts themselves: name another folder for the output."])
        with tempfile.TemporaryDirectory(prefix=".prepare_extracts_", dir=output) as scratch_name:
            scratch = Path(scratch_name)
            prepared = prepare_all(folder, headers, scratch)
            shutil.rmtree(scratch / "parts", ignore_errors=True)
            for name in (*(f"{extract_name}.parquet" for extract_name in COLUMNS), FILES_NAME, NOTES_NAME):
                finished = scratch / name
                target = output / name
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
