"""Which antigen and age a chapter opens with: `seeds/practice/headlines.csv`."""

import csv
from functools import cache

from immunization_coverage.project import ROOT
from immunization_coverage.report.warehouse import select

HEADLINES = ROOT / "seeds" / "practice" / "headlines.csv"


@cache
def lead(chapter: str) -> tuple[str, int]:
    with HEADLINES.open(encoding="utf-8", newline="") as file:
        return next((row["antigen"], int(row["age"])) for row in csv.DictReader(file) if row["chapter"] == chapter)


def lead_row(chapter: str, rows: list[dict]) -> dict:
    """The chapter's row among those of the province; the first where its antigen is not assessed at the age."""
    antigen, age = lead(chapter)
    return next(iter(select(rows, antigen=antigen, age=age) or rows))
