"""What a release of a school year would give away beside the releases of that year that were made before.

These are the releases that the warehouse keeps (kept.py), and those that were published elsewhere and are named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from immunization_coverage.release.attack import Knowledge, Release, column_of, counts_of, published
from immunization_coverage.release.kept import files_of, opened
from immunization_coverage.release.rule import GENDERS_WITHHELD, Count, Frame

DATABASE = "immunization_coverage.duckdb"
# The key of published.measures.
KEY = ("measure", "phu_id", "age", "antigen", "gender")


@dataclass(frozen=True)
class EarlierRelease:
    """A school year of a release that was made before, and where it was found."""

    path: Path
    build_id: str
    built_at: datetime
    school_year: str
    rows: Release

    def __str__(self) -> str:
        made = f"{self.built_at:%Y-%m-%d %H:%M} UTC, threshold {self.rows.suppress_below}"
        return f"build {self.build_id} of {made} ({self.path})"

    @property
    def withheld(self) -> frozenset[tuple[int, str, str]]:
        """The cells (age, column, unit) that it withholds."""
        cells = {
            (row["age"], "school_assignment", row["decision"])
            for row in self.rows.school_assignment
            if row["students"] is None
        }
        withheld = [row for row in self.rows.measures if row["students_counted"] is None]
        cells |= {(row["age"], *column_of(row)) for row in withheld if row["gender"] == "all"}
        by_gender = [row["age"] for row in withheld if (row["age"], *column_of(row)) not in cells]
        return frozenset(cells | {(age, *GENDERS_WITHHELD) for age in by_gender})


def read(path: Path) -> list[EarlierRelease]:
    """The school years of a release, from its folder or its DuckDB file."""
    with opened(path / DATABASE if path.is_dir() else path) as connection:
        builds = connection.execute(
            "select build_id, built_at, school_year from published.releases order by school_year"
        ).fetchall()
        return [
            EarlierRelease(path, build_id, built_at, school_year, published(connection, school_year=school_year))
            for build_id, built_at, school_year in builds
        ]


def earlier_releases(warehouse: Path, named: Iterable[Path]) -> list[EarlierRelease]:
    """Every school year of each release, the oldest build first."""
    found = [release for path in (*files_of(warehouse), *named) for release in read(path)]
    return sorted(found, key=lambda release: (release.built_at, str(release.path)))


def keyed(release: Release) -> dict[tuple, tuple[dict, str, str]]:
    """Every row by its key, with the names of its count and its denominator."""
    rows = {tuple(row[name] for name in KEY): (row, "students_counted", "students") for row in release.measures}
    return rows | {
        ("school_assignment", row["decision"], row["age"], None, "all"): (row, "students", "students")
        for row in release.school_assignment
    }


def of_the_same_units(earlier: EarlierRelease, release: Release) -> Release:
    """The earlier release's rows as rows of this province: a unit's own release has its totals as the province's."""
    units = {row["phu_id"] for row in release.measures if row["phu_id"]}
    own = {row["phu_id"] for row in earlier.rows.measures if row["phu_id"]}
    if own == units:
        return earlier.rows
    if len(own) == 1 and own < units:
        return of_own_unit(earlier.rows)
    raise ValueError(
        f"The release in {earlier.path} is of other public health units: what follows from both releases is not known."
    )


def of_own_unit(rows: Release) -> Release:
    """A unit's own release as rows of the province: what it says of all is said of the unit. Others are as they are."""
    units = {row["phu_id"] for row in rows.measures if row["phu_id"]}
    if len(units) != 1:
        return rows
    [unit] = units
    measures = [row | {"phu_id": unit} for row in rows.measures if row["phu_id"] is None and row["gender"] == "all"]
    return Release(measures, [], rows.suppress_below)


def is_made_of(earlier: Release, release: Release) -> bool:
    """Whether an earlier release has the same rows, and prints nothing but what this one does."""
    rows, before = keyed(release), keyed(earlier)
    return rows.keys() == before.keys() and all(
        before[key][0][name] in (None, row[name]) for key, (row, *names) in rows.items() for name in names
    )


def differing(release: Release, earlier: Release) -> list[tuple]:
    """Rows whose count only one release prints, or whose counts differ."""
    before = keyed(earlier)
    return [
        key
        for key, (row, count, students) in keyed(release).items()
        if key in before and any(row[name] != before[key][0][name] for name in (count, students))
    ]


def contradicts(release: Release, earlier: Release) -> bool:
    """Whether both print a count and the counts differ: they were made from different data."""
    before = keyed(earlier)
    return any(
        row[name] is not None and before[key][0][name] is not None and row[name] != before[key][0][name]
        for key, (row, *names) in keyed(release).items()
        if key in before
        for name in names
    )


def printed_before(release: Release, earlier: Release) -> list[tuple]:
    """Rows that the earlier release prints, and this one withholds."""
    before = keyed(earlier)
    return [
        key
        for key, (row, count, students) in keyed(release).items()
        if key in before and any(row[name] is None and before[key][0][name] is not None for name in (count, students))
    ]


def difference(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other


def small_differences(release: Release, earlier: Release, frames: dict[int, Frame]) -> list[str]:
    """Small quantities of the difference between two releases of different data, as far as sums give them.

    A difference of counts may be negative, so inclusions do not bound it: what sums do not give remains unknown.
    """
    threshold = min(release.suppress_below, earlier.suppress_below)
    found = []
    both = [differences(rows, frames) for rows in (release, earlier)]
    for age, frame in frames.items():
        counts = both[0].get(age, {}).keys() & both[1].get(age, {}).keys()
        if not counts:
            continue
        changed = {count: difference(both[0][age][count], both[1][age][count]) for count in counts}
        knowledge = Knowledge(frame, changed)
        known = np.array([changed[count] or 0 for count in knowledge.counts], dtype=float)
        equal = knowledge.row_low == knowledge.row_high
        sums = knowledge.row_matrix[equal][:, knowledge.hidden]
        values = -(knowledge.row_matrix[equal] @ known)
        # The sum of a column's withheld units: the province less the other units.
        for row, value in zip(sums, values, strict=True):
            if row.any() and 0 < abs(value) < threshold:
                unit_name = knowledge.counts[int(np.flatnonzero(knowledge.hidden)[np.flatnonzero(row)[0]])][0]
                found.append(f"{unit_name}, age {age}, the withheld units together")
        inverse = np.linalg.pinv(sums) if sums.size else np.zeros((knowledge.hidden.sum(), 0))
        for name, quantity in zip(knowledge.names, knowledge.matrix, strict=True):
            hidden = quantity[knowledge.hidden]
            if hidden.any():
                weights = hidden @ inverse
                if np.abs(weights @ sums - hidden).max() > 1e-7:
                    continue
                value = weights @ values + quantity @ known
            else:
                value = quantity @ known
            if 0.5 < abs(value) < threshold - 0.5:
                found.append(f"{name[0]}, age {age}, {name[1]}")
    return found


def differences(release: Release, frames: dict[int, Frame]) -> dict[int, dict[Count, int | None]]:
    values: dict[int, dict[Count, int | None]] = {}
    for row in release.measures:
        count, students = counts_of(row, frames[row["age"]])
        own = values.setdefault(row["age"], {})
        own[students] = row["students"] if own.get(students) is None else own[students]
        if count != students:
            own[count] = row["students_counted"]
    for row in release.school_assignment:
        values.setdefault(row["age"], {})["school_assignment", row["decision"]] = row["students"]
    return values
