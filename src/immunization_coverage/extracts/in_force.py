"""Finds columns that may say that a row is not in force, and the rows that they exclude.

seeds/quality/in_force_headers.csv finds such columns by the words of their header, and in_force_values.csv gives their
values a meaning. If a value means that a row is not in force, or is unknown, the user has to map it in
seeds/quality/column_meanings.csv or in the file that COLUMN_MEANINGS names: no row is excluded by a guess.
"""

import csv
import io
import itertools
import os
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from immunization_coverage.extracts.duckdb_files import identifier, quoted
from immunization_coverage.extracts.notes import Notes
from immunization_coverage.extracts.parts import Part
from immunization_coverage.extracts.problems import ExtractsError, shown
from immunization_coverage.project import ROOT

SEEDS = ROOT / "seeds" / "quality"
MEANINGS_FILE = SEEDS / "column_meanings.csv"
MEANINGS_COLUMNS = ("extract_name", "header", "value", "meaning")
IN_FORCE, NOT_IN_FORCE, ENDED = "in_force", "not_in_force", "ended"
ANY_VALUE = "*"
SPELLINGS = 10
# How programs write a missing value: empty in every column.
MISSING = {"null", "\\n", "(null)", "<null>", "[null]", "nan", "nat", "#n/a", "<na>"}
# What people write for a missing value; known meanings come first: NA is "not administered" in a completion status.
NO_VALUE = {"na", "n/a", "none", "nil", "-", "--", ".", "aucun", "aucune", "s/o"}
# Kinds of columns where any value says that the row is not in force, but for those that in_force_values.csv lists.
FILLED_KINDS = ("reason", "reference", "date", "ended_date")
# Their values are not printed: they are names, ids or days.
UNPRINTED_KINDS = ("reference", "date", "ended_date")
# The id in a column of merges, deletions or replacements may be the row's own.
OWN_IDS = {
    "clients": "client_id",
    "schools": "school_id",
    "education_records": "education_record_id",
    "immunizations": "immunization_id",
    "exemptions": "exemption_id",
    "immunization_histories": "client_id",
}
# The column that must also say that a row ended.
ENDS = {"clients": "client_status", "education_records": "effective_to", "exemptions": "effective_to"}
# A plausible day; 9999-12-31 and 1900-01-01 are placeholders.
REAL_YEAR = "(19(0[1-9]|[1-9][0-9])|20[0-8][0-9])"


@dataclass(frozen=True)
class HeaderPattern:
    extract_name: str
    slots: tuple[frozenset[str], ...]
    joined: frozenset[str]
    is_whole: bool
    kind: str
    stops_on_unknown: bool

    def matches(self, extract_name: str, words: list[str]) -> bool:
        if self.extract_name not in (extract_name, "any"):
            return False
        if len(words) == 1 and words[0] in self.joined:
            return True
        if self.is_whole:
            return len(words) == len(self.slots) and all(w in s for w, s in zip(words, self.slots, strict=True))
        return all(not slot.isdisjoint(words) for slot in self.slots)


@dataclass
class Column:
    """The columns of one header in an extract's files: number of rows by value, and by meaning."""

    header: str
    kind: str
    files: list[str] = field(default_factory=list)
    rows: int = 0
    not_in_force: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    is_open: bool = False


class Meanings:
    """The user's mapping of values: `by_column[extract, header words][value]` is in_force or not_in_force."""

    def __init__(self) -> None:
        self.by_column: dict[tuple[str, str], dict[str, str]] = {}
        problems = []
        own = os.environ.get("COLUMN_MEANINGS", "")
        for path in (MEANINGS_FILE, *([Path(own)] if own else [])):
            try:
                with path.open(encoding="utf-8-sig", newline="") as file:
                    rows = list(csv.DictReader(file))
            except (OSError, UnicodeDecodeError, csv.Error):
                problems.append(f"{path}, the meanings of columns, cannot be read: put a CSV file in UTF-8 there.")
                continue
            for number, row in enumerate(rows, start=2):
                extract_name, header, value, meaning = ((row.get(key) or "").strip() for key in MEANINGS_COLUMNS)
                if extract_name not in OWN_IDS or not words(header) or meaning not in (IN_FORCE, NOT_IN_FORCE):
                    problems.append(
                        f"Line {number} of {path} must have an extract, a header, a value and as meaning {IN_FORCE} or "
                        f"{NOT_IN_FORCE}: correct it."
                    )
                    continue
                known = self.by_column.setdefault((extract_name, " ".join(words(header))), {})
                if known.setdefault(comparable(value) if value != ANY_VALUE else ANY_VALUE, meaning) != meaning:
                    problems.append(f"Line {number} of {path} gives a value a second meaning: remove one.")
        if problems:
            raise ExtractsError(problems)

    def of(self, extract_name: str, header: str) -> dict[str, str]:
        return self.by_column.get((extract_name, " ".join(words(header))), {})


def plain(text: str) -> str:
    """Without case, accents and invisible characters; full-width letters are letters."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf")).casefold()


def words(text: str) -> list[str]:
    """`ImmunizationStatus`, `immunization_status` and `Immunization  Status` are two words."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    apart = re.sub(r"(?<=[^\W\d_])(?<![A-Z])(?=[A-Z])", " ", visible)
    return re.sub(r"[\W_]+", " ", plain(apart)).split()


def comparable(value: str) -> str:
    """A value as it is compared: by its words; 1.0 is 1, and so is Access's -1."""
    number = re.fullmatch(r"-?(\d+)(\.0+)?", value.strip())
    if number:
        return number[1]
    return " ".join(words(value)) or plain(value).strip()


def comparable_in_seed(value: str) -> str:
    """`invalid *` is every value whose first word is `invalid`."""
    return comparable(value) + (ANY_VALUE if value.endswith(ANY_VALUE) else "")


@cache
def header_patterns() -> tuple[HeaderPattern, ...]:
    patterns = []
    for row in seed_rows("in_force_headers.csv"):
        slots = tuple(frozenset(slot.split("/")) for slot in row["header_words"].split())
        joined = frozenset("".join(choice) for choice in itertools.product(*slots))
        is_whole = row["match"] == "whole"
        stops = row["unknown_values"] == "stop"
        patterns.append(HeaderPattern(row["extract_name"], slots, joined, is_whole, row["kind"], stops))
    return tuple(patterns)


@cache
def known_values() -> dict[tuple[str, str, str], str]:
    return {
        (row["extract_name"], row["kind"], comparable_in_seed(row["value"])): row["meaning"]
        for row in seed_rows("in_force_values.csv")
    }


def seed_rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pattern_of(extract_name: str, header: str) -> HeaderPattern | None:
    """The first pattern that the header matches, unless the column is about something else."""
    of_header = words(header)
    found = next((p for p in header_patterns() if of_header and p.matches(extract_name, of_header)), None)
    return found if found is not None and found.kind != "unrelated" else None


def extra_columns(extract_name: str, headers: list[str], places: dict[str, int]) -> dict[str, int]:
    """Places of headers beyond the contract's to be read too, by the name that each column gets in `Part.path`."""
    meanings = Meanings()
    return {
        f"extra_{place}": place
        for place, header in enumerate(headers)
        if meanings.of(extract_name, header) or (place not in places.values() and pattern_of(extract_name, header))
    }


def is_missing(value: str) -> bool:
    return not plain(value).strip() or plain(value).strip() in MISSING


def meaning_of(extract_name: str, pattern: HeaderPattern, value: str, has_empty: bool) -> str | None:
    """The meaning of a value that the project knows, or None. `has_empty`: cells of the column are empty."""
    if is_missing(value):
        return IN_FORCE
    compared = comparable(value)
    known = known_values()
    begin = compared.split(" ")[0] + ANY_VALUE
    for key in itertools.product((extract_name, "any"), (pattern.kind,), (compared, begin)):
        if key in known:
            return known[key]
    if pattern.kind not in FILLED_KINDS:
        return None
    if plain(value).strip() in NO_VALUE:
        # If no cell is empty, the export writes empty ones so.
        return IN_FORCE if pattern.kind in ("date", "ended_date") or not has_empty else None
    if pattern.kind in ("date", "ended_date") and re.search(r"\d{4}", value) and not re.search(REAL_YEAR, value):
        return IN_FORCE
    return ENDED if pattern.kind == "ended_date" else NOT_IN_FORCE


def says_ended(extract_name: str, end: str) -> bool:
    """Whether the row's own end date, or a client's status, says that it ended."""
    if extract_name == "clients":
        return known_values().get(("clients", "status", comparable(end))) in (ENDED, NOT_IN_FORCE) or (
            known_values().get(("any", "status", comparable(end))) == NOT_IN_FORCE
        )
    return bool(re.search(REAL_YEAR, end))


def value_sql(extract_name: str, part: Part, name: str, kind: str | None) -> str:
    value = f"coalesce(cast({part.conversions[name][0]} as varchar), '')"
    if kind != "reference" or OWN_IDS[extract_name] not in part.conversions:
        return value
    own = f"cast({part.conversions[OWN_IDS[extract_name]][0]} as varchar)"
    return f"case when ltrim(trim({value}), '0') = ltrim(trim({own}), '0') then '' else {value} end"


def is_said_not_in_force(said: dict[str, str], stops: bool, text: str) -> bool | None:
    """The user's mapping of a value, or None. `*` maps every other value that would stop the build."""
    of_value = said.get("" if is_missing(text) else comparable(text))
    if of_value is None and stops:
        of_value = said.get(ANY_VALUE)
    return None if of_value is None else of_value == NOT_IN_FORCE


def left_out_of(
    connection: duckdb.DuckDBPyConnection, part: Part, name: str, column: Column, said: dict[str, str], notes: Notes
) -> str | None:
    """Count the values of a part's column. Returns SQL for the text of `not_in_force`, if a value is mapped to it."""
    extract_name, file, header = part.source.extract_name, part.prepared.file, part.extra[name]
    pattern = pattern_of(extract_name, header)
    value = value_sql(extract_name, part, name, column.kind)
    end = f"coalesce(cast({part.conversions.get(ENDS.get(extract_name, ''), ('null', ''))[0]} as varchar), '')"
    counted = connection.execute(
        f"select {value}, {end}, count(*) from read_parquet({quoted(part.path)}) group by all order by all"
    ).fetchall()
    has_empty = any(is_missing(text) for text, *_ in counted)
    left_out = []
    for text, ends, rows in counted:
        # In a column that only the user names, any value may mean not in force.
        meaning = meaning_of(extract_name, pattern, text, has_empty) if pattern else None
        is_open = meaning == ENDED and not says_ended(extract_name, ends)
        is_unknown = meaning is None and (pattern.stops_on_unknown if pattern else not is_missing(text))
        stops = is_open or is_unknown or meaning == NOT_IN_FORCE
        is_left_out = is_said_not_in_force(said, stops, text)
        if is_left_out:
            left_out.append((text, ends))
            notes.add(extract_name, file, "not_in_force", rows, header)
        elif stops and is_left_out is not None:
            notes.add(extract_name, file, "declared_in_force", rows, header)
        elif stops and pattern:
            (column.unknown if is_unknown else column.not_in_force)[text] += rows
            column.is_open |= is_open
    if not left_out:
        return None
    table = f"not_in_force_{part.path.stem.replace('.', '_')}_{name}"
    connection.execute(
        f"create or replace temporary table {identifier(table)} as select unnest(?) as value, unnest(?) as ends",
        [list(column) for column in zip(*left_out, strict=True)],
    )
    return (
        f"case when ({value}, {end}) in (select (value, ends) from {identifier(table)}) "
        f"then {quoted(f'{header.strip()}: ')} || {value} end"
    )


def not_in_force(
    connection: duckdb.DuckDBPyConnection, extract_name: str, parts: list[Part], notes: Notes
) -> list[str | None]:
    """SQL over each part's Parquet file for the text of `not_in_force` (null: in force), or None where it has none.

    Raises ExtractsError if a column needs the user's mapping.
    """
    meanings = Meanings()
    columns: dict[str, Column] = {}
    texts: list[str | None] = []
    for part in parts:
        cases = []
        for name, header in part.extra.items():
            pattern = pattern_of(extract_name, header)
            column = columns.setdefault(" ".join(words(header)), Column(header, pattern.kind if pattern else ""))
            column.files.append(part.prepared.file)
            column.rows += part.prepared.rows
            cases.append(left_out_of(connection, part, name, column, meanings.of(extract_name, header), notes))
        said = [case for case in cases if case]
        texts.append(f"coalesce({', '.join(said)})" if said else None)
    problems = [problem(extract_name, column) for column in columns.values() if column.not_in_force or column.unknown]
    if problems:
        raise ExtractsError(problems)
    return texts


def problem(extract_name: str, column: Column) -> str:
    """The problem of a column, and the rows that would map its values; only values of two rows or more are printed."""
    counts = column.not_in_force + column.unknown
    by_meaning = Counter[str]()
    for text, rows in counts.items():
        by_meaning[comparable(text)] += rows
    spelt = {comparable(text): text.strip() for text in sorted(counts, key=lambda text: counts[text])}
    known = {comparable(text) for text in column.not_in_force}
    nameable = []
    if column.kind not in UNPRINTED_KINDS:
        for value, rows in by_meaning.most_common():
            if rows > 1 and len(spelt[value]) <= 60:
                nameable.append((spelt[value], rows))
            elif value in known and column.kind not in FILLED_KINDS:
                # A word of the project's list identifies nobody.
                nameable.append((value, rows))
    named = nameable[:SPELLINGS]
    total = counts.total()
    rest = len(by_meaning) - len(named)
    said = ", ".join(f"'{value}' {rows:,}" for value, rows in named)
    others = f"{rest:,} {'other ' if named else ''}value{'s' if rest != 1 else ''}" if rest else ""
    what = "; ".join(part for part in (said, others) if part)
    files = " and ".join(column.files[:3]) + (f" and {len(column.files) - 3:,} more" if len(column.files) > 3 else "")
    if column.unknown and not column.not_in_force:
        sentence = f"may say that a row is not in force, and the meaning of {total:,} of its {column.rows:,} values"
        sentence += f" is not known ({what})"
    else:
        sentence = f"says of {total:,} of {column.rows:,} rows that they are not in force ({what})"
        if column.unknown:
            sentence = sentence.replace("are not in force", "are not in force, or by a value that is not known")
        if column.is_open:
            sentence += f", while their {ENDS[extract_name]} does not say so"
    sentence = f"{files}: the column {shown(column.header)} {sentence}."
    if column.kind == "reference":
        sentence += (
            " Rows of other extracts that refer to an excluded row are kept, and would match no row: in the export, "
            "give them the id of the row that remains."
        )
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    if column.kind not in FILLED_KINDS:
        writer.writerows((extract_name, column.header.strip(), value, NOT_IN_FORCE) for value, _ in named)
    if column.kind in FILLED_KINDS or rest:
        writer.writerow((extract_name, column.header.strip(), ANY_VALUE, NOT_IN_FORCE))
    added = written.getvalue().rstrip("\n").replace("\n", "\n  ")
    return (
        f"{sentence} Map its values in {MEANINGS_FILE.relative_to(MEANINGS_FILE.parents[2])}, or in a CSV file of your "
        f"own that COLUMN_MEANINGS names, with the columns {','.join(MEANINGS_COLUMNS)} ({IN_FORCE} for rows that "
        f"count after all; {ANY_VALUE} is every other value that would stop the build):\n  {added}"
    )
