"""A folder of extracts as one Parquet file per extract."""

import shutil
import tempfile
from pathlib import Path

import duckdb

from extracts.columns import COLUMNS, HEADERS_FILE, OPTIONAL_EXTRACTS, Headers, all_columns
from extracts.duckdb_files import DUCKDB_REFUSES, link_or_copy, quoted
from extracts.excel import read_excel
from extracts.files import TEXT_ENDINGS, check_content, find_files, list_folder
from extracts.in_force import not_in_force
from extracts.notes import FILES_NAME, NOTES_NAME, Notes, write_files
from extracts.parquet import read_parquet
from extracts.parts import Part, PreparedFile, Source
from extracts.problems import ExtractProblem, ExtractsError, os_problem
from extracts.text import read_text

READERS = dict.fromkeys(TEXT_ENDINGS, read_text) | {"xlsx": read_excel, "parquet": read_parquet}


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
    notes: Notes,
) -> list[Part]:
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
            parts += reader(connection, source, headers, work / f"{number:06}.parquet", notes)
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
    judged = not_in_force(connection, extract_name, parts, notes)
    merge_parts(connection, extract_name, parts, judged, scratch / f"{extract_name}.parquet")
    shutil.rmtree(work)
    return parts


def prepare_all(folder: Path, headers: Headers, scratch: Path) -> list[PreparedFile]:
    parts: list[Part] = []
    problems: list[str] = []
    notes = Notes()
    entries = list_folder(folder, f"The folder of extracts {folder}")
    with duckdb.connect(config={"temp_directory": str(scratch / "spill")}) as connection:
        connection.execute("set enable_progress_bar = false")
        for extract_name in COLUMNS:
            try:
                files = find_files(folder, extract_name, entries)
                if files:
                    parts += prepare_extract(connection, folder, extract_name, files, headers, scratch, notes)
            except ExtractsError as error:
                problems += error.problems
            except ExtractProblem as problem:
                problems.append(str(problem))
            except OSError as error:
                problems.append(str(os_problem(error, extract_name)))
        if not problems:
            write_files(connection, parts, scratch)
            notes.write(connection, scratch)
    if problems:
        raise ExtractsError(list(dict.fromkeys(problems)))
    return [part.prepared for part in parts]


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
