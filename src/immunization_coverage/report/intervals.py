"""How far chance alone could move a percent of few students."""

from __future__ import annotations

from functools import cache

from scipy.stats import binomtest  # type: ignore[import-untyped]

from immunization_coverage.report.warehouse import has_value

CONFIDENCE = 0.95


@cache
def interval(count: int, total: int) -> tuple[float, float]:
    """The Wilson interval of a percent, in percent: narrower than Clopper and Pearson's, and right on average."""
    found = binomtest(count, total).proportion_ci(CONFIDENCE, method="wilson")
    return 100 * float(found.low), 100 * float(found.high)


def interval_of(row: dict, column: str) -> tuple[float, float] | None:
    """Of a row's percent of its students; none where either is not shown."""
    if not has_value(row, column) or not row["students"]:
        return None
    return interval(round(row[column] * row["students"] / 100), row["students"])


def overlapping(rows: list[dict], column: str) -> tuple[int, int]:
    """Of the rows in their order, how many neighbours have intervals that overlap, and how many there are."""
    found = [ends for row in rows if (ends := interval_of(row, column))]
    pairs = list(zip(found, found[1:], strict=False))
    return sum(one[0] <= other[1] and other[0] <= one[1] for one, other in pairs), len(pairs)
