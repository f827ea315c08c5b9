"""A source file of an extract, and what was read of it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PreparedFile:
    """One source file, or one sheet of a workbook, for the build's record.

    `file` is relative to the folder of extracts, with the sheet: `immunizations.xlsx [Page1_2]`. `rows` counts the
    rows that are not blank. `encoding` and `delimiter` are None for Parquet and Excel. `columns` gives the file's
    header for each column of the contract that it has.
    """

    extract_name: str
    path: Path
    file: str
    rows: int
    encoding: str | None
    delimiter: str | None
    columns: dict[str, str]
    state: "FileState | None"


@dataclass(frozen=True)
class FileState:
    """A file as it was when it was read."""

    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> "FileState":
        found = path.stat()
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Part:
    """A source file or sheet as the Parquet file `path`: the file itself, or a conversion.

    `conversions` gives SQL over `path` and its type for each of the contract's columns, and for each column of
    `extra`, whose headers `extra` gives. `headers` are all that the file has.
    """

    source: "Source"
    prepared: PreparedFile
    path: Path
    headers: list[str]
    extra: dict[str, str]
    conversions: dict[str, tuple[str, str]]
    is_canonical: bool


@dataclass(frozen=True)
class Source:
    """A source file; `file` is how sentences name it, relative to the folder of extracts."""

    extract_name: str
    path: Path
    file: str
    state: FileState | None = None

    def part(
        self,
        parquet: Path,
        rows: int,
        headers: list[str],
        places: dict[str, int],
        extra: dict[str, int],
        encoding: str | None = None,
        delimiter: str | None = None,
        conversions: dict[str, tuple[str, str]] | None = None,
        is_canonical: bool = True,
        sheet: str | None = None,
    ) -> Part:
        """This file as read: without conversions, `parquet` has the columns as text already."""
        prepared = PreparedFile(
            self.extract_name,
            self.path,
            f"{self.file} [{sheet}]" if sheet else self.file,
            rows,
            encoding,
            delimiter,
            {column: headers[place] for column, place in places.items()},
            self.state,
        )
        return Part(
            self,
            prepared,
            parquet,
            headers,
            {column: headers[place] for column, place in extra.items()},
            conversions or {column: (column, "VARCHAR") for column in (*places, *extra)},
            is_canonical and not extra,
        )
