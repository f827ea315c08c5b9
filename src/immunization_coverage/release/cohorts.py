"""What a school year's counts give away beside those of another: who is 12 in one is 13 in the next.

Two tables count the same students, as far as anybody can tell, if they are of one birth year and one public health unit
(of the same area, where units have merged), and their numbers of students differ by less than the threshold. The
difference of their counts then is a number of students: those whose records changed, who came or who left.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from immunization_coverage.release.rule import Count, Frame
from immunization_coverage.years import first_year_of

Values = Mapping[Count, int | None]
PROVINCE, TOGETHER = "province", "the withheld units together"
SINCE, PARTS = "changed since", "less the parts printed for"


@dataclass(frozen=True)
class Area:
    """An area by the public health units of two school years."""

    name: str
    units: tuple[str, ...]
    units_of_other: tuple[str, ...]


@dataclass(frozen=True)
class OtherYear:
    """What another school year, of this release or of an earlier one, prints of an age's cohort."""

    label: str
    values: Values
    areas: tuple[Area, ...]


def units_in(values: Values) -> set[str]:
    return {unit for name, unit in values if name == "students" and unit != PROVINCE}


def known_sum(values: Values, name: str, units: Sequence[str]) -> int | None:
    """A count of several units as it is printed, or as the province less all other units gives it."""

    def printed(of: Sequence[str]) -> int | None:
        numbers = [values.get((name, unit)) for unit in of]
        return None if None in numbers else sum(number or 0 for number in numbers)

    found = printed(units)
    if found is not None or PROVINCE in units:
        return found
    others = printed([unit for own, unit in values if own == name and unit != PROVINCE and unit not in units])
    whole = values.get((name, PROVINCE))
    return None if others is None or whole is None else whole - others


def changed_among(
    values: Values, other: OtherYear, area: Area, name: str, students: str
) -> tuple[bool, bool, int | None]:
    """Whether an area's students are all counted in both years, or none; how many more there are, if it is known."""
    now = [known_sum(values, of, area.units) for of in (name, students)]
    before = [known_sum(other.values, of, area.units_of_other) for of in (name, students)]
    change = None if now[1] is None or before[1] is None else now[1] - before[1]
    is_all = change is not None and all(count == whole for count, whole in (now, before))
    return is_all, now[0] == before[0] == 0, change


def students_of(name: str, frame: Frame) -> str:
    """The count of the students that a count is taken among."""
    gender = name[-2:] if name[-2:] in (" F", " M") else ""
    only = frame.of_one_gender.get(name.removesuffix(gender).partition("/")[2])
    return "students" + (gender or (f" {only}" if only else ""))


def mergers_of(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The public health unit that each unit has become part of."""
    return dict(
        connection.execute("select phu_id, merged_into from warehouse.annex.public_health_unit_mergers").fetchall()
    )


def areas_of(units: set[str], units_of_other: set[str], mergers: Mapping[str, str]) -> tuple[Area, ...]:
    """The areas that both years' units make up: a merged unit and its parts are one."""

    def successors(unit: str) -> list[str]:
        found = [unit]
        while found[-1] in mergers:
            found.append(mergers[found[-1]])
        return found

    both = units | units_of_other
    area_of = {unit: [later for later in successors(unit) if later in both][-1] for unit in both}
    names = sorted(set(area_of.values()))
    areas = [
        Area(name, *(tuple(sorted(unit for unit in of if area_of[unit] == name)) for of in (units, units_of_other)))
        for name in names
    ]
    shared = [area for area in areas if area.units and area.units_of_other]
    # A unit's own release is of one; the province of any other is the sum of its units.
    if len(shared) < len(areas) and len(units_of_other) > 1:
        raise ValueError("A release of another school year is of other public health units: what follows is not known.")
    return (*shared, Area(PROVINCE, (PROVINCE,), (PROVINCE,)))


def with_units_together(areas: Sequence[Area], name: str, own: Values, other: Values) -> list[Area]:
    """The areas, and those of which one of the years does not print a count, taken together."""
    single = [area for area in areas if area.name != PROVINCE]
    hidden_now = [area for area in single if any(own.get((name, unit)) is None for unit in area.units)]
    hidden_before = [area for area in single if any(other.get((name, unit)) is None for unit in area.units_of_other)]
    groups = []
    for group in (hidden_now, hidden_before, [area for area in single if area in hidden_now or area in hidden_before]):
        if 1 < len(group) < len(single) and group not in groups:
            groups.append(group)
    return [
        *areas,
        *(
            Area(
                TOGETHER + (f" ({i + 1})" if i else ""),
                tuple(unit for area in group for unit in area.units),
                tuple(unit for area in group for unit in area.units_of_other),
            )
            for i, group in enumerate(groups)
        ),
    ]


def is_small_together(
    name: str, frame: Frame, counts: Mapping[Count, int], hidden: Collection[str], other: OtherYear, threshold: int
) -> bool:
    """Whether units of which a count is withheld differ, taken together, from another year's by a few."""
    own: dict[Count, int | None] = {**counts, **{(name, unit): None for unit in hidden}}
    for area in with_units_together(other.areas, name, own, other.values):
        before = [known_sum(other.values, of, area.units_of_other) for of in (name, students_of(name, frame))]
        if area.name.startswith(TOGETHER) and before[0] is not None and before[1] is not None:
            more, more_students = (
                sum(counts[of, unit] for unit in area.units) - (number or 0)
                for of, number in zip((name, students_of(name, frame)), before, strict=True)
            )
            is_small = any(0 < abs(number) < threshold for number in (more, more_students - more))
            if abs(more_students) < threshold and is_small:
                return True
    return False


class OtherYears:
    """What school years print, of a release and of those before it: year, label, counts by age; the last one first."""

    def __init__(self, mergers: Mapping[str, str]) -> None:
        self.mergers = mergers
        self.printed: list[tuple[str, str, Mapping[int, Values]]] = []

    def add(self, school_year: str, label: str, values: Mapping[int, Values]) -> None:
        self.printed.insert(0, (school_year, label, values))

    def of(self, school_year: str, values: Mapping[int, Values]) -> dict[int, list[OtherYear]]:
        """By age, what other school years print of the students who have it in a school year."""
        return {age: self._of_cohort(age, school_year, own) for age, own in values.items()}

    def _of_cohort(self, age: int, school_year: str, own: Values) -> list[OtherYear]:
        found: list[OtherYear] = []
        for other_year, label, values in self.printed:
            other = values.get(age + first_year_of(other_year) - first_year_of(school_year))
            if other_year != school_year and other and all(other != one.values for one in found):
                found.append(OtherYear(label, other, areas_of(units_in(own), units_in(other), self.mergers)))
        return found
