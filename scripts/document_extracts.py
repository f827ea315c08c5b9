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
INTRODUCTION = """# What is read of extracts, what stops, and how to go on

`make build` reads every file of `EXTRACTS_DIR`, or names it as not read. It reads what can mean one thing only and says
so; it stops at what may be a wrong number, with every problem of the folder in one run. A plain `dbt build` reads plain
CSV and Parquet files under the contract's names and headers, and stops at others.

This page is made by `.venv/bin/python scripts/document_extracts.py` from `seeds/quality/reading_kinds.csv` and
`seeds/quality/reading_stops.csv`. What the values of a column may be is in `seeds/quality/data_quality_checks.csv`.

## Files

| Extract | Files | Columns |
|---|---|---|
"""
AFTER_FILES = """
A file ends in {endings}. Parts may differ in form, and be named with `-`, `.` or a blank for `_`. A folder of parts is
read with all folders in it, as Spark and Hive write them. Links to files under an extract's name are followed; links to
folders elsewhere are not. Headers are compared by their words: case, punctuation, full-width forms and invisible
characters do not count, nor a unit in brackets. `seeds/quality/extract_headers.csv` lists them; add your own.

Stops that can be accepted on purpose name themselves: `ACCEPT='rows_at_a_limit' make build`.

| What is found | What happens | How to go on |
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
        lines.append(f"| {sentence} | said (`{row['kind']}`) | – |")
    for row in rows_of("reading_stops"):
        remedy = plain(row["remedy"])
        lines.append(f"| {plain(row['sentence'])} | stops (`{row['kind']}`) | {remedy[:1].upper() + remedy[1:]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
