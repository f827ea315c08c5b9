"""The contract's columns, and the headers that mean them (seeds/quality/extract_headers.csv)."""

import csv
import difflib
import re
import unicodedata
from pathlib import Path
from typing import Any

import yaml

from immunization_coverage.extracts.problems import ExtractsError, shown, stop
from immunization_coverage.project import ROOT

# dbt reads the same file: the columns of its sources.
DECLARED = yaml.safe_load((ROOT / "seeds" / "extracts" / "_extracts.yml").read_text(encoding="utf-8"))
EXTRACTS = {extract["name"]: extract for extract in DECLARED["sources"][0]["tables"]}


def is_optional(declared: dict[str, Any]) -> bool:
    return declared.get("config", {}).get("meta", {}).get("is_optional", False)


# By extract, the required columns and the optional ones.
COLUMNS = {
    name: (
        tuple(column["name"] for column in extract["columns"] if not is_optional(column)),
        tuple(column["name"] for column in extract["columns"] if is_optional(column)),
    )
    for name, extract in EXTRACTS.items()
}
OPTIONAL_EXTRACTS = tuple(name for name, extract in EXTRACTS.items() if is_optional(extract))
DATE_COLUMNS = {
    column["name"] for extract in EXTRACTS.values() for column in extract["columns"] if column["data_type"] == "date"
}
# If several headers match one of these, the map's order decides: PEAR prints the same history in two formats.
PREFERRED_IN_ORDER = (("immunization_histories", "history"),)

HEADERS_FILE = ROOT / "seeds" / "quality" / "extract_headers.csv"


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
        claimed = set(claims)
        for place, header in enumerate(headers):
            column = known.get(without_unit(header)) or known.get(without_table(header))
            if column and column not in claimed:
                claims.setdefault(column, []).append(place)
        problems: list[str] = []
        for column, places in claims.items():
            if (extract_name, column) in PREFERRED_IN_ORDER:
                rank = {place: ranks.get(normalised(headers[place]), len(ranks)) for place in places}
                places[:] = [place for place in places if rank[place] == min(rank.values())]
            if len(places) > 1:
                claimants = " and ".join(shown(headers[place]) for place in places)
                problems.append(
                    str(stop("column_twice", file=file, column=column, headers=claimants, map=self.path.name))
                )
        free = [h for place, h in enumerate(headers) if h.strip() and [place] not in claims.values()]
        missing = {c: nearest(c, known, free) for c in COLUMNS[extract_name][0] if c not in claims}
        if missing and not claims:
            # The first row may be data of a person, so it is not printed.
            problems.append(str(stop("header_unknown", file=file, extract=extract_name, columns=", ".join(missing))))
        else:
            found = ", ".join(shown(header) for header in headers[:40] if header.strip())
            found += ", …" if len(headers) > 40 else ""
            for column, near in missing.items():
                like = f"; the nearest is {shown(near)}" if near else ""
                problems.append(
                    str(
                        stop(
                            "column_missing", file=file, column=column, headers=found, nearest=like, map=self.path.name
                        )
                    )
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
    """A header as it is compared: its words without case, full-width forms, punctuation and invisible characters."""
    text = unicodedata.normalize("NFKC", header).casefold()
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(re.findall(r"[^\W_]+", visible))


def without_unit(header: str) -> str:
    """The words without those in brackets, which are a unit or a format, as in `Date of Birth (YYYY-MM-DD)`."""
    return normalised(re.sub(r"\(.*?\)|\[.*?\]", " ", unicodedata.normalize("NFKC", header)))


def without_table(header: str) -> str:
    """The words after the last point: a column that SQL qualified with its table, as in `dbo.clients.client_id`."""
    return normalised(header.rpartition(".")[2])


def nearest(column: str, known: dict[str, str], headers: list[str]) -> str | None:
    """The header that is closest to one of a column's spellings, or None if no header is close."""
    spellings = [header for header, of_column in known.items() if of_column == column]
    likeness = {
        header: max(difflib.SequenceMatcher(None, normalised(header), spelling).ratio() for spelling in spellings)
        for header in headers
    }
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= 0.7 else None
