"""Which files of a folder belong to an extract, and whether each is what its ending says."""

import codecs
import difflib
import errno
import os
import stat
from pathlib import Path

from extracts.columns import OPTIONAL_EXTRACTS
from extracts.problems import ExtractProblem, os_problem

TEXT_ENDINGS = ("csv", "txt", "tsv")
ENDINGS = (*TEXT_ENDINGS, "parquet", "xlsx")
SIGNATURES = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old (.xls) or password-protected Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}


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
