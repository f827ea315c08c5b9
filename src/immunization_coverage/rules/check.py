"""Checks that dbt can load the rule tables (seeds/annex, practice, quality) and that they have every entry needed.

Each problem is a sentence with file, line as an editor counts, column and value (dbt's loaders would name neither line
nor column), or with the entry that an antigen lacks and where to add it. The tables contain no person-level data.
"""

import csv
import difflib
import io
import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from immunization_coverage.project import ROOT
from immunization_coverage.rules.missing import missing_pieces, optional_pieces

SEEDS = ROOT / "seeds"
TEXTS = ROOT / "report" / "texts"
FOLDERS = ("annex", "practice", "quality")
MOST_OF_A_FILE = 5
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class Unreadable(Exception):
    """A file cannot be read. The message has the line and the reason."""


def is_day(text: str) -> bool:
    try:
        return re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


VALUES: dict[str, tuple[Callable[[str], object], str]] = {
    "integer": (re.compile("-?[0-9]{1,9}").fullmatch, "a whole number"),
    "bigint": (re.compile("-?[0-9]{1,18}").fullmatch, "a whole number"),
    "double": (re.compile(r"-?[0-9]+(\.[0-9]+)?").fullmatch, "a number, with a decimal point if any"),
    "boolean": (re.compile("true|false", re.IGNORECASE).fullmatch, "true or false"),
    "date": (is_day, "a day such as 2010-01-01"),
    "period": (
        re.compile("(0|[1-9][0-9]*) (day|month|year)s?").fullmatch,
        "a whole number of days, months or years, such as 28 days",
    ),
}


def problems_of_ages(annex: Path) -> Iterator[str]:
    """The ages of assessed_antigens that no student has: students are of the ages that have school types."""
    with (annex / "school_type_priorities.csv").open(encoding="utf-8-sig", newline="") as file:
        school_types = list(csv.DictReader(file))
    youngest = min((int(row["age_from"]) for row in school_types if row["age_from"]), default=0)
    oldest = max((int(row["age_before"]) for row in school_types if row["age_before"]), default=0) - 1
    with (annex / "assessed_antigens.csv").open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if row["age"] and not youngest <= int(row["age"]) <= oldest:
                yield (
                    f"seeds/annex/assessed_antigens.csv: line {reader.line_num}: age is {row['age']}; students are "
                    f"{youngest} to {oldest} years old (school_type_priorities.csv): the rule would have 0 students."
                )


def columns_of(seed: dict[str, Any]) -> dict[str, str]:
    """What each column of a seed holds, as its yml says."""
    types = dict(seed["config"]["column_types"])
    for test in seed.get("data_tests", []):
        if "table_is_sound" in test:
            periods = test["table_is_sound"]["arguments"].get("periods", "").split(", ")
            types |= {column: "period" for column in periods if column}
    return types


def nearest(word: str, words: list[str]) -> str:
    found = difflib.get_close_matches(word, words, n=1)
    return f" ('{found[0]}'?)" if found else ""


def numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line on which each starts. Raises Unreadable if quotation marks do not pair."""
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"line {line}: the quotation marks do not pair.") from error


def problems_of_header(header: list[str], columns: dict[str, str]) -> Iterator[str]:
    for separator, name in SEPARATORS.items():
        if len(header) == 1 and len(header[0].split(separator)) > 1:
            yield f"the columns are separated by {name}. Save it with commas between them."
            return
    unknown = [column for column in header if column not in columns]
    missing = [column for column in columns if column not in header]
    for column in unknown:
        yield f"line 1: there is no column '{column}'{nearest(column, missing)}."
    if missing:
        yield f"line 1: the header lacks {', '.join(missing)}."
    for column in sorted({column for column in header if header.count(column) > 1 and column in columns}):
        yield f"line 1: the column '{column}' is there twice. Remove one."


def problems_of_rows(reader: Any, header: list[str], columns: dict[str, str]) -> Iterator[str]:
    for line, row in numbered(reader):
        if not any(row):
            yield f"line {line}: the row is empty. Remove it."
        elif len(row) != len(header):
            yield (
                f"line {line}: {len(row)} values, where the header has {len(header)} columns; the first is '{row[0]}'. "
                'A text with a comma must be in quotation marks ("…").'
            )
        else:
            for column, value in zip(header, row, strict=True):
                is_right, wanted = VALUES.get(columns[column], (str, ""))
                if value and not is_right(value):
                    yield f"line {line}: {column} is '{value}'; it must be {wanted}."


def problems_of_file(path: Path, columns: dict[str, str]) -> Iterator[str]:
    if not path.exists():
        yield "the file is missing."
        return
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield f"line {line}: the text is not UTF-8. Save it as CSV UTF-8."
        text = content.decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        _, header = next(numbered(reader), (1, []))
        problems = list(problems_of_header(header, columns))
        yield from problems or problems_of_rows(reader, header, columns)
    except Unreadable as error:
        yield str(error)


def problems_of_rules(seeds: Path = SEEDS, texts: Path = TEXTS) -> list[str]:
    problems = []
    for folder in FOLDERS:
        declared = yaml.safe_load((seeds / folder / f"_{folder}.yml").read_text(encoding="utf-8"))
        for seed in declared["seeds"]:
            path = seeds / folder / f"{seed['name']}.csv"
            found = [f"seeds/{folder}/{path.name}: {problem}" for problem in problems_of_file(path, columns_of(seed))]
            problems += found[:MOST_OF_A_FILE]
            if len(found) > MOST_OF_A_FILE:
                problems.append(f"seeds/{folder}/{path.name}: and {len(found) - MOST_OF_A_FILE} more.")
    # Missing entries are reported once all tables can be read.
    return problems or [*problems_of_ages(seeds / "annex"), *missing_pieces(seeds, texts)]


def main(seeds: Path = SEEDS) -> int:
    """Prints the problems, or the optional entries that an antigen or an age lacks."""
    if problems := problems_of_rules(seeds):
        print("\n".join(problems), file=sys.stderr)
        return 1
    for optional in optional_pieces(seeds, TEXTS):
        print(f"Optional: {optional}")
    return 0
