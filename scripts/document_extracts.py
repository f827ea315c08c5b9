#!/usr/bin/env python3
"""Write docs/extracts.md from the rows that the reading of extracts uses itself.

document_extracts.py
"""

import csv
import re

from immunization_coverage.extracts.columns import COLUMNS, OPTIONAL_EXTRACTS
from immunization_coverage.extracts.files import ENDINGS
from immunization_coverage.project import ROOT

PAGE = ROOT / "docs" / "extracts.md"
INTRODUCTION = """# Read extracts: what is reported, what stops, and the remedy

`icw build` reads every file of the extracts' folder, or names it as not read. It reads what has only one meaning and
reports it. It stops where a number might be wrong, and names every problem of the folder in one run. A plain
`dbt build` reads CSV and Parquet files with the plain names and headers only, and stops at others. `icw doctor` reads
the extracts without building.

`.venv/bin/python scripts/document_extracts.py` writes this page from `seeds/quality/reading_kinds.csv` and
`seeds/quality/reading_stops.csv`. The checks of values are in `seeds/quality/data_quality_checks.csv`, their results in
`marts.data_quality`, and the rows that they found in `assessment.data_quality_findings`.

A check stops the build when it finds more than its number of rows and more than its percent, so a single odd row is
excluded, counted and listed. A column that says that rows are not in force (refused, voided, revoked, merged) stops the
build until `seeds/quality/column_meanings.csv`, or the file that `COLUMN_MEANINGS` names, says what its values mean.

## Files

| Extract | Files | Columns |
|---|---|---|
"""
AFTER_FILES = """
A file ends in {endings}. Parts may have different formats, and `-`, `.` or a blank instead of `_` in their names. A
folder of parts is read with its subfolders, as Spark and Hive write them. Links to files under an extract's name are
followed; links to folders elsewhere are not. Headers are compared by their words: case, punctuation, full-width forms,
invisible characters and a unit in brackets are ignored. `seeds/quality/extract_headers.csv` lists them; add your own.

A stop that can be accepted gives its name in the last column: `icw build --accept rows_at_a_limit`.

| What is found | What happens | Remedy |
|---|---|---|
"""


def rows_of(seed: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / "quality" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def plain(text: str) -> str:
    """A sentence with its places for facts in italics, as a cell of a table."""
    named = re.sub(r"\{(\w+)\}", lambda match: f"*{match[1].replace('_', ' ')}*", text)
    return named.replace("|", "\\|").replace("<", "&lt;")


def page() -> str:
    lines = [INTRODUCTION.rstrip("\n")]
    for name, (required, optional) in COLUMNS.items():
        kind = "optional" if name in OPTIONAL_EXTRACTS else "required"
        columns = ", ".join([*required, *(f"({column})" for column in optional)])
        lines.append(f"| {name} ({kind}) | `{name}.csv`, `{name}_*.csv`, `{name}/` | {columns} |")
    lines.append(AFTER_FILES.format(endings=", ".join(f"`.{ending}`" for ending in ENDINGS)).rstrip("\n"))
    for row in rows_of("reading_kinds"):
        sentence = plain(row["sentence"].rstrip("."))
        lines.append(f"| {sentence} | reported (`{row['kind']}`) | – |")
    for row in rows_of("reading_stops"):
        remedy = plain(row["remedy"])
        lines.append(f"| {plain(row['sentence'])} | stops (`{row['kind']}`) | {remedy[:1].upper() + remedy[1:]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
