"""Reads time stamps with a zone as days: all of a column must be midnight in UTC, or all in Ontario.

Midnight in Ontario is 05:00 in UTC, under daylight saving time 04:00: the day is that of UTC in all three.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from immunization_coverage.extracts.notes import Notes
from immunization_coverage.extracts.problems import count_of, stop

# Other years are placeholders; before standard time, Ontario's offset from UTC was not in whole hours.
ORDINARY_YEARS = (1901, 2199)
SECONDS_OF_DAY = 86_400


def last_sunday(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=following.isoweekday() % 7 or 7)


def nth_sunday(year: int, month: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=-first.isoweekday() % 7 + 7 * (n - 1))


def begins_in_daylight_time(day: date) -> bool:
    """Whether Ontario's day begins under daylight saving time, which changes at two in the morning of a Sunday."""
    if day.year >= 2007:
        return nth_sunday(day.year, 3, 2) < day <= nth_sunday(day.year, 11, 1)
    if day.year >= 1987:
        return nth_sunday(day.year, 4, 1) < day <= last_sunday(day.year, 10)
    if day.year >= 1967:
        return last_sunday(day.year, 4) < day <= last_sunday(day.year, 10)
    # Before 1967, daylight saving time differed by place.
    return 4 <= day.month <= 10


@dataclass(frozen=True)
class Midnights:
    """How many of a column's time stamps with a zone are midnight, and where."""

    stamps: int
    utc: int
    ontario: int

    @property
    def kind(self) -> str | None:
        """The kind of reading to note; None unless all time stamps are midnight in one of the zones."""
        if self.utc == self.stamps:
            return "midnight_utc"
        return "midnight_ontario" if self.ontario == self.stamps else None


def midnights(stamps: Iterable[tuple[int | None, int]]) -> Midnights:
    """Counts midnights among times, in seconds since 1970 in UTC, each with its number of rows."""
    total = utc = ontario = 0
    for second, count in stamps:
        if second is None:
            continue
        total += count
        of_day = second % SECONDS_OF_DAY
        day = date(1970, 1, 1) + timedelta(days=max(-719_162, min(second // SECONDS_OF_DAY, 2_932_896)))
        is_placeholder = not ORDINARY_YEARS[0] <= day.year <= ORDINARY_YEARS[1]
        utc += count * (of_day == 0 or is_placeholder)
        # A program that knows no daylight saving time begins its day at 05:00 in summer too.
        is_ontario = of_day == 5 * 3600 or (of_day == 4 * 3600 and begins_in_daylight_time(day))
        ontario += count * (is_ontario or is_placeholder)
    return Midnights(total, utc, ontario)


def judge(found: Midnights, notes: Notes, extract_name: str, file: str, column: str) -> None:
    """Notes how the column's time stamps are read. Raises ExtractProblem if they are not all midnight."""
    if not found.stamps:
        return
    if found.kind is None:
        odd = found.stamps - max(found.utc, found.ontario)
        raise stop("days_with_zone", file=file, column=column, rows=count_of(odd, "row"))
    notes.add(extract_name, file, found.kind, found.stamps, column)


# A zone is at least 16 characters into a text, or ends in Z; nearly every text is shorter.
ZONED = (
    r"\s*(\d{4})-?(\d{2})-?(\d{2})(?:[T ]?(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)\s*"
)


def is_zoned(column: str) -> str:
    # A hyphen alone is not a zone: 2013-08-20 has none.
    return (
        f"((length({column}) > 15 or {column} like '%Z%') and regexp_full_match({column}, '{ZONED}') "
        f"and ({column} like '%:%' or {column} like '%Z%' or length(trim({column})) > 16))"
    )


def seconds_of(text: str) -> int | None:
    """Seconds since 1970 in UTC of a text with a zone; a day without a clock begins at midnight of UTC."""
    match = re.fullmatch(ZONED, text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(digits or 0) for digits in match.groups()[:6])
    zone = re.sub(r"[^\d+-]", "", match[7])
    offset = int(zone[1:3]) * 3600 + int(zone[3:5] or 0) * 60 if zone and match[4] else 0
    try:
        days = (date(year, month, day) - date(1970, 1, 1)).days
    except ValueError:
        return None
    return days * SECONDS_OF_DAY + hour * 3600 + minute * 60 + second - (-offset if zone.startswith("-") else offset)


def day_of(column: str) -> str:
    """SQL: the day in UTC of a text with a zone that is midnight there or in Ontario, else null."""
    written = rf"try_cast(regexp_replace({column}, '^\s*(\d{{4}})-?(\d{{2}})-?(\d{{2}}).*$', '\1-\2-\3') as date)"
    # West of Greenwich the evening before is midnight in UTC.
    is_evening = (
        rf"regexp_matches({column}, '[T ]?(1[2-9]|2[0-3]):?\d{{2}}(:?\d{{2}}([.,]\d+)?)?\s*-\d{{2}}:?(\d{{2}})?\s*$')"
    )
    return f"cast({written} + cast({is_evening} as integer) as varchar)"


def has_zones(connection: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str]) -> list[str]:
    """The columns that have a text with a zone. `columns`: SQL of texts."""
    if not columns:
        return []
    flags = ", ".join(f"coalesce(bool_or({is_zoned(sql)}), false)" for sql in columns.values())
    (found,) = connection.execute(f"select {flags} from {relation}").fetchall()
    return [column for column, is_found in zip(columns, found, strict=True) if is_found]


def zoned_texts_as_days(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    columns: dict[str, str],
    notes: Notes,
    extract_name: str,
    file: str,
) -> dict[str, str]:
    """SQL by column that reads its texts with a zone as days; none for a column without zones. `columns`: SQL of texts.

    Raises ExtractProblem if they are not all midnight.
    """
    days = {}
    for column in has_zones(connection, relation, columns):
        sql = columns[column]
        texts = connection.execute(
            f"select {sql}, count(*) from {relation} where {is_zoned(sql)} group by all"
        ).fetchall()
        judge(midnights((seconds_of(text), count) for text, count in texts), notes, extract_name, file, column)
        days[column] = f"case when {is_zoned(sql)} then coalesce({day_of(sql)}, {sql}) else {sql} end"
    return days
