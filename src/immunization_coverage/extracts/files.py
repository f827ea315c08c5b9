"""Which files of a folder belong to an extract, which resemble one, and whether each is what its ending says."""

import codecs
import csv
import difflib
import errno
import fnmatch
import gzip
import hashlib
import os
import re
import stat
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from immunization_coverage.extracts.columns import COLUMNS, OPTIONAL_EXTRACTS
from immunization_coverage.extracts.notes import Notes
from immunization_coverage.extracts.problems import ExtractProblem, listed, os_problem, stop
from immunization_coverage.project import ROOT

SEEDS = ROOT / "seeds" / "quality"
TEXT_ENDINGS = ("csv", "txt", "tsv")
GZIP_ENDINGS = tuple(f"{ending}.gz" for ending in TEXT_ENDINGS)
ENDINGS = (*TEXT_ENDINGS, *GZIP_ENDINGS, "parquet", "xlsx")
# Endings of data in forms that are not read, and what to do.
OTHER_FORMS = {
    "xls": "save it as .xlsx or CSV",
    "xlsm": "save it as .xlsx or CSV",
    "xlsb": "save it as .xlsx or CSV",
    "ods": "save it as .xlsx or CSV",
    "numbers": "export it as .xlsx or CSV",
    "dat": "rename it .txt if it is text with a header",
    "prn": "rename it .txt if it is text with a header",
    "psv": "rename it .txt if it is text with a header",
    "tab": "rename it .tsv if it is text with a header",
    "asc": "rename it .txt if it is text with a header",
    "rpt": "save the results as CSV",
    "gz": "name it .csv.gz if it is one compressed text file, else unpack it",
    "zip": "unpack it into the folder",
    "7z": "unpack it into the folder",
    "rar": "unpack it into the folder",
    "tar": "unpack it into the folder",
    "tgz": "unpack it into the folder",
    "bz2": "unpack it into the folder",
    "xz": "unpack it into the folder",
    "zst": "unpack it into the folder",
    "gpg": "decrypt it into the folder",
    "pgp": "decrypt it into the folder",
    "json": "export it as CSV",
    "jsonl": "export it as CSV",
    "ndjson": "export it as CSV",
    "xml": "export it as CSV",
    "pq": "rename it .parquet",
    "parq": "rename it .parquet",
    "feather": "write it as Parquet",
    "arrow": "write it as Parquet",
    "orc": "write it as Parquet",
    "avro": "write it as Parquet",
    "sas7bdat": "export it as CSV",
    "xpt": "export it as CSV",
    "sav": "export it as CSV",
    "dta": "export it as CSV",
    "rds": "export it as CSV",
    "rdata": "export it as CSV",
    "pkl": "write it as Parquet",
    "mdb": "export its tables as CSV",
    "accdb": "export its tables as CSV",
    "sqlite": "export its tables as CSV",
    "duckdb": "export its tables as Parquet",
    "db": "export its tables as CSV",
    "dbf": "export it as CSV",
    "tmp": "let the program that writes it finish",
    "part": "let the transfer finish",
    "partial": "let the transfer finish",
    "crdownload": "let the transfer finish",
    "filepart": "let the transfer finish",
    "download": "let the transfer finish",
    "bak": "take the backup out of the folder",
    "old": "take the backup out of the folder",
    "orig": "take the backup out of the folder",
    "copy": "take the copy out of the folder",
    "": "give it the ending of its form",
}
SIGNATURES = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old (.xls) or password-protected Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}
# Words after the extract's name that mark a copy or an earlier state, not a part.
COPY_WORDS = re.compile(
    r"(\(?\d{1,2}\)|(.*[ _.-])?\(?(copy|copie|kopie|backup|sauvegarde|bak|old|ancien|orig|original|tmp|temp|"
    r"test|draft|sample)(\b|_).*|.*\(\d{1,2}\))"
)
FILLER_WORDS = frozenset(
    "a all and annual april as at august board by cohort copie copy csv current daily data dbo december export "
    "exported extract extracts fall february feed file final for from full january july june last list march may "
    "month monthly new november october of old ontario output page panorama part pear phu province q1 q2 q3 q4 "
    "query records registry report result results school schools september sheet spring table the to unit update "
    "updated utf v1 v2 v3 v4 version week weekly winter year yearly".split()
)
UNFINISHED_FOLDERS = ("_temporary", "_spark_staging")
TABLE_LOGS = ("_delta_log", ".hoodie")
SNIFFED_BYTES = 1 << 16
MOST_UNREAD = 1000


@cache
def system_patterns() -> list[str]:
    with (SEEDS / "system_files.csv").open(encoding="utf-8", newline="") as file:
        return [row["pattern"] for row in csv.DictReader(file)]


@cache
def known_names() -> dict[str, str]:
    """The extract by each name that resembles it, as its letters."""
    with (SEEDS / "extract_names.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"].replace(" ", ""): row["extract_name"] for row in csv.DictReader(file)}


def is_system_file(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in system_patterns())


def ending_of(name: str) -> str:
    """The ending, lower case; of a compressed file with the ending before."""
    lower = name.lower()
    ending = lower.rpartition(".")[2] if "." in lower else ""
    return next((e for e in GZIP_ENDINGS if lower.endswith("." + e)), ending)


def is_candidate(name: str) -> bool:
    return not name.startswith((".", "_", "~$")) and ending_of(name) in ENDINGS


def stem_of(name: str) -> str:
    return name.lower().removesuffix("." + ending_of(name))


def part_name(stem: str) -> tuple[str, str] | None:
    """The extract that a stem names, and what comes after its name and a separator."""
    for extract_name in COLUMNS:
        if stem == extract_name:
            return extract_name, ""
        if stem.startswith(extract_name) and stem[len(extract_name)] in "_-. ":
            return extract_name, stem[len(extract_name) + 1 :]
    return None


def resembled(name: str) -> str | None:
    """The extract that a file's name resembles: a name of it, misspelt or with numbers and words without meaning."""
    base = name.lower().lstrip("_.~$ ").partition(".")[0]
    words = re.findall(r"[a-zà-ÿ]+", base)
    letters = "".join(words)
    names = known_names()
    if letters in names:
        return names[letters]
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length + 1):
            others = words[:first] + words[first + length :]
            piece = "".join(words[first : first + length])
            if len(piece) < 4 or not all(word in FILLER_WORDS or len(word) == 1 for word in others):
                continue
            if piece in names:
                return names[piece]
            near = difflib.get_close_matches(piece, names, 1, 0.85)
            if near:
                return names[near[0]]
    return None


def example_name(extract_name: str, name: str) -> str:
    """A name under which a file would be read."""
    number = re.search(r"\d{1,4}", name)
    ending = ending_of(name)
    return f"{extract_name}{'_' + number[0] if number else ''}.{ending if ending in ENDINGS else 'csv'}"


def list_folder(folder: Path, what: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise os_problem(error, what) from None


@dataclass
class Found:
    """A folder's content: files by extract, in the order of their names and relative to the folder; and problems."""

    files: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def walk(folder: Path, entry: str, notes: Notes) -> Iterator[str]:
    """The files below a folder's entry, relative to the folder. Links to folders are not followed."""
    pending = [entry]
    while pending:
        relative = pending.pop()
        for name in list_folder(folder / relative, relative):
            below = f"{relative}/{name}"
            path = folder / below
            if name.lower() in TABLE_LOGS:
                raise stop("delta_table", file=relative)
            if name.lower() in UNFINISHED_FOLDERS:
                raise stop("unfinished_output", file=below)
            if is_system_file(name):
                notes.add(None, below, "system_file")
            elif path.is_dir() and path.is_symlink():
                notes.add(None, below, "link_not_followed")
            elif path.is_dir():
                pending.append(below)
            else:
                yield below


def folder_parts(folder: Path, entry: str, extract_name: str, notes: Notes) -> list[str]:
    """The files of an extract's own folder; files that are not a part are noted. Raises ExtractProblem."""
    files = []
    for file in sorted(walk(folder, entry, notes)):
        name = file.rpartition("/")[2]
        if is_candidate(name):
            if COPY_WORDS.fullmatch(stem_of(name).removeprefix(extract_name).lstrip("_-. ")):
                raise stop(
                    "copy_of_an_extract", file=file, extract=extract_name, example=example_name(extract_name, name)
                )
            files.append(file)
        elif OTHER_FORMS.get(ending_of(name)):
            raise other_form(file, extract_name)
        else:
            notes.add(extract_name, file, "not_read")
    if not files:
        raise stop("folder_empty", file=entry)
    return files


def other_form(file: str, extract_name: str) -> ExtractProblem:
    ending = ending_of(file.rpartition("/")[2])
    shown = f".{ending}" if ending else "a name without an ending"
    return stop("other_format", file=file, extract=extract_name, ending=shown, remedy=OTHER_FORMS[ending])


def one_form(extract_name: str, forms: dict[str, list[str]]) -> list[str]:
    """The files of an extract's only form. Raises ExtractProblem if the extract is there more than once."""
    if len(forms) > 1:
        examples = " and as ".join(files[0] for files in forms.values())
        raise stop("more_than_once", extract=extract_name, files=examples)
    files = next(iter(forms.values()), [])
    stems: dict[str, str] = {}
    for file in files:
        other = stems.setdefault(file.lower().removesuffix("." + ending_of(file)), file)
        if other != file:
            raise stop("more_than_once", extract=extract_name, files=f"{other} and as {file}")
    return files


def check_same_content(folder: Path, files: list[str]) -> None:
    """Refuse two files of an extract with the same bytes."""
    by_size = defaultdict(list)
    for file in files:
        if (folder / file).is_file():
            by_size[(folder / file).stat().st_size].append(file)
    for same_size in by_size.values():
        digests: dict[str, str] = {}
        for file in same_size if len(same_size) > 1 else ():
            with (folder / file).open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            if digest in digests:
                raise stop("same_content", files=listed([digests[digest], file]))
            digests[digest] = file


def find_files(
    folder: Path, notes: Notes, matched: Callable[[Path, str], str | None] = lambda path, ending: None
) -> Found:
    """Every file of a folder: as an extract's, or noted as not read.

    `matched` gives the extract whose header a file has.
    """
    found = Found()
    forms: dict[str, dict[str, list[str]]] = {name: {} for name in COLUMNS}
    entries = list_folder(folder, f"The folder of extracts {folder}")
    unclaimed = []
    for entry in entries:
        try:
            path = folder / entry
            if entry.lower() in TABLE_LOGS:
                raise stop("delta_table", file=entry)
            if entry.lower() in UNFINISHED_FOLDERS:
                raise stop("unfinished_output", file=entry)
            if is_system_file(entry):
                notes.add(None, entry, "system_file")
                continue
            # A link that leads back to itself is neither a folder nor a file; reading it reports the loop.
            if path.is_dir() or (entry.lower() in COLUMNS and path.is_symlink()):
                extract_name = entry.lower() if entry.lower() in COLUMNS else stem_of(entry)
                if extract_name in COLUMNS and (extract_name == entry.lower() or ending_of(entry) in ENDINGS):
                    forms[extract_name][entry] = folder_parts(folder, entry, extract_name, notes)
                elif path.is_symlink():
                    notes.add(None, entry, "link_not_followed")
                else:
                    unclaimed += list(walk(folder, entry, notes))
                continue
            claim = part_name(stem_of(entry)) if is_candidate(entry) else None
            if claim is None:
                unclaimed.append(entry)
                continue
            extract_name, suffix = claim
            if suffix and COPY_WORDS.fullmatch(suffix):
                raise stop(
                    "copy_of_an_extract", file=entry, extract=extract_name, example=example_name(extract_name, entry)
                )
            if suffix:
                forms[extract_name].setdefault(f"{extract_name}_*", []).append(entry)
                if entry[len(extract_name)] != "_":
                    notes.add(extract_name, entry, "named_other_than_parts")
            else:
                forms[extract_name][entry] = [entry]
        except ExtractProblem as problem:
            found.problems.append(str(problem))
    for extract_name in COLUMNS:
        try:
            files = one_form(extract_name, forms[extract_name])
            check_same_content(folder, files)
            if files:
                found.files[extract_name] = files
        except ExtractProblem as problem:
            found.problems.append(str(problem))
    like = defaultdict(list)
    for file in unclaimed:
        try:
            check_unclaimed(folder, file, matched)
            if len(notes.counts) < MOST_UNREAD:
                notes.add(None, file, "not_read")
        except ExtractProblem as problem:
            like[resembled(file.rpartition("/")[2])].append(str(problem))
    for problems in like.values():
        found.problems += problems
    for extract_name in COLUMNS:
        is_told = extract_name in like or any(extract_name in problem for problem in found.problems)
        if extract_name not in found.files and extract_name not in OPTIONAL_EXTRACTS and not is_told:
            near = difflib.get_close_matches(extract_name, [stem_of(entry) for entry in entries], 1, 0.8)
            nearest = [entry for entry in entries if near and stem_of(entry) == near[0]]
            found.problems.append(
                str(
                    stop(
                        "extract_missing",
                        extract=extract_name,
                        folder=folder,
                        nearest=f"; the nearest is {nearest[0]}" if nearest else "",
                    )
                )
            )
    return found


def check_unclaimed(folder: Path, file: str, matched: Callable[[Path, str], str | None]) -> None:
    """Refuse a file of no extract that resembles one, by its name or by its header."""
    path = folder / file
    name = file.rpartition("/")[2]
    ending = ending_of(name)
    by_name = resembled(name)
    is_data = ending in ENDINGS or ending in OTHER_FORMS
    if by_name and is_data:
        if "/" in file and is_another_table(path, by_name):
            return
        if "/" in file:
            raise stop("nested", file=file, extract=by_name)
        if ending not in ENDINGS:
            raise other_form(file, by_name)
        raise stop("resembles_by_name", file=file, extract=by_name, example=example_name(by_name, name))
    if path.is_symlink() or not path.is_file() or not is_data:
        return
    for member in members(path) if ending == "zip" else ():
        by_member = resembled(member.rpartition("/")[2])
        if by_member and (ending_of(member) in ENDINGS or ending_of(member) in OTHER_FORMS):
            raise other_form(file, by_member)
    by_content = matched(path, ending)
    if by_content:
        kind = "nested" if "/" in file else "resembles_by_content"
        raise stop(kind, file=file, extract=by_content, example=example_name(by_content, name))


def is_another_table(path: Path, extract_name: str) -> bool:
    """Whether a text file has columns of the extract by their contract names, but lacks several required ones.

    Such a file is not an extract but, for example, a table of results with a similar name.
    """
    if ending_of(path.name) not in (*TEXT_ENDINGS, *GZIP_ENDINGS):
        return False
    header = {name.strip(' "').lower() for name in re.split(r"[,;\t|]", first_text(path).partition("\n")[0].strip())}
    required, optional = COLUMNS[extract_name]
    return bool(header & {*required, *optional}) and len(set(required) - header) > 1


def members(archive: Path) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.namelist()
    except (OSError, zipfile.BadZipFile):
        return []


def first_text(path: Path) -> str:
    """How a text file begins, decompressed where it is compressed; empty if it cannot be read."""
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as opened:
            begin = opened.read(SNIFFED_BYTES)
    except (OSError, EOFError, zlib.error):
        return ""
    is_utf16 = begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return begin.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")


def check_content(path: Path, file: str) -> None:
    """Refuse a file that is not regular, cannot be read, is empty or is not what its ending says."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "")
        if not stat.S_ISREG(mode):
            raise stop("not_regular", file=file)
        with path.open("rb") as opened:
            begin = opened.read(512)
            opened.seek(max(0, os.fstat(opened.fileno()).st_size - 4))
            end = opened.read()
    except OSError as error:
        raise os_problem(error, file) from None
    if not begin:
        raise stop("file_empty", file=file)
    ending = ending_of(path.name)
    text = begin.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    content = next((what for magic, what in SIGNATURES.items() if text.startswith(magic.lower())), None)
    but = f" but {content}" if content else ""
    if ending in TEXT_ENDINGS and content:
        raise stop("not_text", file=file, content=content)
    if ending in GZIP_ENDINGS and not begin.startswith(b"\x1f\x8b"):
        raise stop("not_gzip", file=file)
    if ending == "parquet" and not begin.startswith(b"PAR1"):
        raise stop("not_parquet", file=file, content=but)
    if ending == "parquet" and end != b"PAR1":
        raise stop("parquet_cut_off", file=file)
    if ending == "xlsx" and not begin.startswith(b"PK\x03\x04"):
        raise stop("not_excel", file=file, content=but)
