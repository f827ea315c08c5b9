"""What titles share: which rows they may name, ties, and remarks on the rows that they leave out.

Values are compared as they are printed. A row of few students is never named, counted or ranked in a title.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from immunization_coverage.report.language import Language, rounded, sort_key
from immunization_coverage.report.warehouse import FEW_STUDENTS, has_value

# So many that tie are named; of more, their number is said.
NAMED = 3

Item = TypeVar("Item")


def printed(row: dict, column: str) -> Decimal:
    return rounded(row[column], 1)


def of_phus(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["phu_id"] is not None]


def says_little(rows: list[dict], column: str) -> bool:
    """Whether most of the rows are withheld, or none has a value: the others do not show the extremes."""
    shown = sum(has_value(row, column) for row in rows)
    return not shown or sum(column in row["withheld"] for row in rows) > shown


def compared(rows: list[dict], column: str) -> list[dict]:
    """The rows that a title may compare: those with a value of enough students."""
    return [row for row in rows if has_value(row, column) and not row["is_few"]]


def share(rows: Sequence[Item], value: Callable[[Item], Decimal | float], end: Callable = max) -> list[Item]:
    """The rows that share the highest value, or the lowest by `min`."""
    last = end(map(value, rows))
    return [row for row in rows if value(row) == last]


def named(language: Language, names: Sequence[str], kind: str) -> str:
    """Names that tie, each once, or how many there are: `kind` is what they are.

    Names with commas of their own are not listed: nobody could tell where one ends."""
    unique = list(dict.fromkeys(names))
    is_clear = len(unique) == 1 or not any(", " in name for name in unique)
    if len(unique) <= NAMED and is_clear:
        return language.joined(unique)
    return language(f"tied.{kind}", count=len(unique))


def at_ages(language: Language, rows: Sequence[dict]) -> str:
    ages = sorted({row["age"] for row in rows})
    if len(ages) > NAMED:
        return language("tied.ages", count=len(ages))
    return language("at_age", age=language.joined([language.number(age) for age in ages]))


def antigens_at_ages(language: Language, rows: Sequence[dict]) -> str:
    """`measles at 7 and HPV at 12`."""
    names = [
        language("over_years.antigen_at_age", antigen=language.antigen(row["antigen"], "plain"), age=row["age"])
        for row in rows
    ]
    return named(language, names, "results")


def extremes(language: Language, rows: list[dict], column: str) -> dict[str, str]:
    """Lowest and highest unit, named, or that they are the `same`; none if too many values are withheld, or if no unit
    has enough students."""
    units = sorted(compared(of_phus(rows), column), key=lambda row: sort_key(language.phu(row)))
    if not units or says_little(of_phus(rows), column):
        return {}
    low, high = (share(units, lambda row: printed(row, column), end) for end in (min, max))
    values = {
        "low": language.percent(float(printed(low[0], column))),
        "high": language.percent(float(printed(high[0], column))),
        "low_phu": named(language, [language.phu(row) for row in low], "units"),
        "high_phu": named(language, [language.phu(row) for row in high], "units"),
    }
    if values["low"] == values["high"]:
        return {"one" if len(units) == 1 else "same": values["low"], "unit": values["low_phu"]}
    return values


def marked(rows: list[dict], base: str) -> list[dict]:
    """Rows whose percents are of another number than that of their students, `base`: few of these are few."""
    return [row | {"is_few": 0 < (row[base] or 0) < FEW_STUDENTS} for row in rows]


def remarked(language: Language, title: str, rows: list[dict], *columns: str, of: str = "results") -> str:
    """The title, with a remark if it leaves out rows that are withheld or of few students; `of` says what they are."""
    kinds = []
    if any(row["is_few"] and has_value(row, column) for row in rows for column in columns):
        kinds.append("few")
    if any(column in row["withheld"] for row in rows for column in columns):
        kinds.append("released")
    if not kinds:
        return title
    return f"{title} {language('_'.join([f'left_out.{of}', *kinds]), few=FEW_STUDENTS)}"
