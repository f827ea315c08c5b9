"""A sheet for each public health unit, two pages at most: coverage beside goal, province and other units, what is
missing, and the schools below the goal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import median

from immunization_coverage.report.errors import WarehouseError
from immunization_coverage.report.figures import Mark, category_of, cell, distance, domain, few, notes, place, ticks
from immunization_coverage.report.language import LANGUAGES, Language, first_upper, rounded, sort_key
from immunization_coverage.report.leads import lead
from immunization_coverage.report.measures import COVERAGE, MEASURES, Measure
from immunization_coverage.report.sections import points, to_goal
from immunization_coverage.report.titles import compared, remarked, says_little, share
from immunization_coverage.report.trends import Point, Remarks, parts_by, segments, series
from immunization_coverage.report.warehouse import FEW_STUDENTS, Warehouse, by_status_group, has_value, select

ALL_ISPA = next(measure for measure in MEASURES if measure.key == "all_ispa")
MOST_SCHOOLS = 5


@dataclass(frozen=True)
class Line:
    """An antigen of a cohort, or every designated disease: its numbers as text, and its marks."""

    antigen: str | None
    name: str
    marks: list[Mark]
    goal_left: float | None
    values: list[str]
    letters: list[str]
    is_few: bool


@dataclass(frozen=True)
class Coverage:
    """A cohort's coverage. `headings` are those of `values`."""

    age: int
    title: str
    lines: list[Line]
    headings: list[str]
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class MissingLine:
    antigen: str
    name: str
    parts: list[tuple[str, float, float]]
    values: list[str]


@dataclass(frozen=True)
class Missing:
    """Students of a cohort who are not up to date, by what they are missing."""

    age: int
    title: str
    lines: list[MissingLine]
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Schools:
    """Schools of a cohort below the goal, the lowest first."""

    age: int
    title: str
    rows: list[list[str]]
    note: str


class Units:
    """The year's public health units, and what their sheets compare them with."""

    def __init__(self, warehouse: Warehouse, schools: bool = False):
        self.warehouse = warehouse
        self.shows_schools = schools and not warehouse.release
        self.antigen_of_schools = lead("province")[0]

    @cached_property
    def years(self) -> list[Warehouse]:
        """The school year and the one before it in the warehouse."""
        before = [year for year in self.warehouse.years() if year.school_year < self.warehouse.school_year]
        return [*before[-1:], self.warehouse]

    @cached_property
    def points(self) -> dict[tuple[Measure, int, str | None], dict[str | None, list[Point]]]:
        ids = [None, *(phu["phu_id"] for phu in self.warehouse.phus)]
        return {
            (measure, age, antigen): series(self.years, measure, age, antigen, ids)
            for measure in (COVERAGE, ALL_ISPA)
            for age in self.warehouse.cohorts
            if age in measure.ages(self.warehouse)
            for antigen in measure.antigens(self.warehouse, age)
        }

    @cached_property
    def medians(self) -> dict[tuple[Measure, int, str | None], float | None]:
        """Of the public health units with a value; none where most are withheld."""
        found: dict[tuple[Measure, int, str | None], float | None] = {}
        for measure, age, antigen in self.points:
            rows = [row for row in measure.rows(self.warehouse, age, antigen) if row["phu_id"] is not None]
            shown = [row[measure.percent] for row in rows if has_value(row, measure.percent)]
            found[measure, age, antigen] = None if says_little(rows, measure.percent) else median(shown)
        return found

    @cached_property
    def with_students(self) -> list[dict]:
        """Units with students in a full cohort; a number that is withheld is of some."""
        rows = [row for row in self.warehouse.coverage if row["age"] in self.warehouse.cohorts]
        ids = {row["phu_id"] for row in rows if row["students"] != 0}
        return [phu for phu in self.warehouse.phus if phu["phu_id"] in ids]

    @property
    def without_students(self) -> list[dict]:
        return [phu for phu in self.warehouse.phus if phu not in self.with_students]

    def named(self, names: list[str]) -> list[dict]:
        """The units of these ids or names, in any language; every one if none is named. Raises WarehouseError."""
        if not names:
            return self.with_students
        languages = [Language(code) for code in LANGUAGES]
        found = []
        for name in names:
            asked = sort_key(name)
            units = [phu for phu in self.warehouse.phus if asked in map(sort_key, names_of(phu, languages))]
            if not units:
                raise WarehouseError("no_unit", name=name, school_year=self.warehouse.school_year)
            if units[0] not in self.with_students:
                raise WarehouseError("unit_without_students", name=name, school_year=self.warehouse.school_year)
            found += units
        return found


def names_of(phu: dict, languages: list[Language]) -> set[str]:
    in_languages = {language.phu(phu, form) for language in languages for form in ("short", "name")}
    return {phu["phu_id"], phu["phu_name"], *phu["other_names"], *in_languages}


class Sheet:
    """One unit's sheet in one language."""

    def __init__(self, units: Units, language: Language, phu: dict):
        self.units, self.language, self.phu = units, language, phu
        self.warehouse = units.warehouse
        self.remarks = Remarks(language)

    @property
    def name(self) -> str:
        return self.language.phu(self.phu, "name")

    @cached_property
    def rows(self) -> list[dict]:
        rows = select(self.warehouse.coverage, phu_id=self.phu["phu_id"])
        return [row for row in rows if row["age"] in self.warehouse.cohorts]

    def cohorts(self) -> str:
        """The number of students in each full cohort; most antigens are assessed for all of its students."""
        told = []
        for age in self.warehouse.cohorts:
            sizes = [row["students"] for row in select(self.rows, age=age)]
            size = max(sizes, key=lambda size: (sizes.count(size), size or 0))
            text = self.language("withheld") if size is None else self.language.number(size)
            told.append(self.language("sheet.cohort", age=age, students=text))
        return first_upper(self.language("sheet.students", cohorts=self.language.joined(told)))

    def parts(self) -> str:
        """Of which units it was made, by the school year."""
        parts = parts_by(self.warehouse, self.phu["phu_id"], self.warehouse.first_year)
        if not parts:
            return ""
        names = [self.language.phu({"phu_id": phu_id, "phu_name": name}) for phu_id, name in parts]
        return self.language("sheet.parts", parts=self.language.joined(sorted(names, key=sort_key)))

    def year_before(self) -> str | None:
        """The school year before, if the warehouse has one."""
        return self.units.years[0].school_year if len(self.units.years) > 1 else None

    def coverage(self) -> list[Coverage]:
        return [self.coverage_at(age) for age in self.warehouse.cohorts]

    def coverage_at(self, age: int) -> Coverage:
        language = self.language
        rows = sorted(select(self.rows, age=age), key=lambda row: sort_key(language.antigen(row["antigen"])))
        drawn = [(COVERAGE, row) for row in rows]
        drawn += [(ALL_ISPA, row) for row in ALL_ISPA.rows(self.warehouse, age, None) if self.is_own(row)]
        compared = [self.compared(measure, row) for measure, row in drawn]
        seen = [value for of in compared for value in of.values() if value is not None]
        ends = domain([*seen, *(row["goal_percent"] for row in rows if row["goal_percent"] is not None)])
        lines = [
            self.line(measure, row, values, ends) for (measure, row), values in zip(drawn, compared, strict=True)
        ]
        texts = [language("table.coverage_percent"), language("coverage.to_goal")]
        texts += [language.place["place_label"], language("sheet.median")]
        if before := self.year_before():
            texts += [language.school_year(before), language("over_years.change")]
        return Coverage(age, self.coverage_title(age, rows), lines, texts, ticks(language, ends))

    def province(self, measure: Measure, row: dict) -> dict:
        """The province's row beside a unit's."""
        [*_, this_year] = self.units.points[measure, row["age"], row.get("antigen")][None]
        if this_year.row is None:
            raise WarehouseError("not_one_row", found=0, values=f"age {row['age']}, {row.get('antigen')}")
        return this_year.row

    def is_own(self, row: dict) -> bool:
        return row["phu_id"] == self.phu["phu_id"]

    def compared(self, measure: Measure, row: dict) -> dict[str, float | None]:
        """The percents on a line's scale."""
        key = (measure, row["age"], row.get("antigen"))
        province = self.province(measure, row)
        return {
            "own": row[measure.percent] if has_value(row, measure.percent) else None,
            "province": province[measure.percent] if has_value(province, measure.percent) else None,
            "median": self.units.medians[key],
        }

    def line(self, measure: Measure, row: dict, values: dict[str, float | None], ends: tuple[float, float]) -> Line:
        language = self.language
        goal = row.get("goal_percent")
        kinds = {"median": "median", "province": "initiated", "own": category_of(row)}
        province = self.province(measure, row)
        middle = values["median"]
        texts = [
            cell(language, row, measure.percent) + (few(language, row) if has_value(row, measure.percent) else ""),
            distance(language, row, measure.percent, goal),
            cell(language, province, measure.percent),
            "–" if middle is None else language.percent(middle),
        ]
        letters: list[str] = []
        if self.year_before():
            before, letters = self.before(measure, row)
            texts += before
        antigen = row["antigen"] if measure.by_antigen else None
        return Line(
            antigen=antigen,
            name=first_upper(language.antigen(antigen)) if antigen else language("sheet.all_ispa"),
            marks=[
                Mark(kind, place(value, ends)) for key, kind in kinds.items() if (value := values[key]) is not None
            ],
            goal_left=None if goal is None else place(goal, ends),
            values=texts,
            letters=letters,
            is_few=row["is_few"],
        )

    def before(self, measure: Measure, row: dict) -> tuple[list[str], list[str]]:
        """The value of the year before, the change in points as printed, and the letters of the breaks."""
        language = self.language
        earlier, later = self.units.points[measure, row["age"], row.get("antigen")][self.phu["phu_id"]]
        if earlier.row is None:
            return ["–", "–"], []
        text = cell(language, earlier.row, measure.percent)
        if earlier.is_added_up:
            text = language("over_years.added_up", value=text)
        if not (earlier.has_value and later.has_value):
            return [text, "–"], []
        name = language("sheet.at", antigen=self.label(row), age=row["age"])
        letters = [letter for part in segments([earlier, later]) for letter in self.remarks.marks(part, self.phu, name)]
        points = float(rounded(later.value, 1) - rounded(earlier.value, 1))
        return [text, ("+" if points > 0 else "") + language.number(points, 1)], letters

    def label(self, row: dict) -> str:
        antigen = row.get("antigen")
        return self.language.antigen(antigen, "plain") if antigen else self.language("sheet.all_ispa_plain")

    def coverage_title(self, age: int, rows: list[dict]) -> str:
        """How many antigens reach their goals, and which is furthest from it, where it is one alone."""
        language = self.language
        with_goal = [row for row in rows if row["goal_percent"] is not None]
        at = language("at_age", age=age)
        if says_little(with_goal, COVERAGE.percent):
            is_withheld = any(row["withheld"] for row in with_goal)
            return first_upper(language("sheet.title_withheld" if is_withheld else "sheet.title_none", age=at))
        shown = compared(with_goal, COVERAGE.percent)
        if not shown:
            return first_upper(language("coverage.goals_few", age=at, few=FEW_STUDENTS))
        reached = sum(row["map_category"] == 5 for row in shown)
        title = language("sheet.title", age=at, count=reached, total=language.number(len(shown)))
        furthest = share(shown, lambda row: rounded(to_goal(row), 1), min)
        if rounded(to_goal(furthest[0]), 1) < 0 and len(furthest) == 1:
            antigen = language.antigen(furthest[0]["antigen"], "plain")
            title += language("sheet.furthest", antigen=antigen, points=points(language, to_goal(furthest[0])))
        return remarked(language, first_upper(title), with_goal, COVERAGE.percent)

    def missing(self) -> list[Missing]:
        """None in a release, which has no reasons."""
        return [found for age in self.warehouse.cohorts if (found := self.missing_at(age)) is not None]

    def missing_at(self, age: int) -> Missing | None:
        language = self.language
        rows = [row for row in select(self.warehouse.not_up_to_date, age=age) if self.is_own(row) and row["students"]]
        if not rows:
            return None
        rows.sort(key=lambda row: sort_key(language.antigen(row["antigen"])))
        counts = [by_status_group(row) for row in rows]
        ends = domain([100 * sum(of.values()) / row["students"] for row, of in zip(rows, counts, strict=True)], None)
        lines = []
        for row, of in zip(rows, counts, strict=True):
            parts, left = [], 0.0
            for key, count in of.items():
                width = place(100 * count / row["students"], ends)
                parts.append((key, left, width))
                left += width
            values = [sum(of.values()), *of.values()]
            lines.append(
                MissingLine(
                    row["antigen"],
                    first_upper(language.antigen(row["antigen"])) + few(language, row),
                    parts,
                    [
                        language("sheet.count", count=count, percent=language.percent(100 * count / row["students"]))
                        for count in values
                    ],
                )
            )
        return Missing(age, language("sheet.missing_title", age=age), lines, ticks(language, ends))

    def schools(self) -> list[Schools]:
        if not self.units.shows_schools:
            return []
        antigen, found = self.units.antigen_of_schools, []
        of_antigen = select(self.warehouse.schools_of(self.phu["phu_id"]), antigen=antigen)
        for age in self.warehouse.cohorts:
            goal, rows = self.warehouse.goals.get((antigen, age)), select(of_antigen, age=age)
            if goal is not None and rows:
                found.append(self.schools_at(age, goal["goal_percent"], rows))
        return found

    def schools_at(self, age: int, goal: float, rows: list[dict]) -> Schools:
        language = self.language
        shown = [row for row in rows if not row["is_withheld"] and row["coverage_percent"] is not None]
        below = sorted(
            (row for row in shown if row["coverage_percent"] < goal),
            key=lambda row: (row["coverage_percent"], row["school_name"] is None, row["school_name"], row["school_id"]),
        )
        values = {
            "age": language("at_age", age=age), "antigen": language.antigen(self.units.antigen_of_schools, "of"),
            "goal": language.goal(goal), "total": language.number(len(shown)),
        }  # fmt: skip
        key = "schools_title" if shown else "schools_none"
        title = language(f"sheet.{key}", count=len(below), **values)
        told = []
        if len(below) > MOST_SCHOOLS:
            told.append(language("sheet.schools_more", count=len(below) - MOST_SCHOOLS))
        withheld = sum(row["is_withheld"] for row in rows)
        if withheld:
            told.append(language("sheet.schools_withheld", count=withheld))
        return Schools(
            age,
            first_upper(title),
            [
                [
                    row["school_name"] or row["school_id"],
                    language.number(row["students"]),
                    language.number(row["students_up_to_date"]),
                    language.percent(row["coverage_percent"]),
                ]
                for row in below[:MOST_SCHOOLS]
            ],
            " ".join(told),
        )

    def notes(self) -> list[str]:
        language = self.language
        found = notes(language, self.rows)
        withheld_elsewhere = [
            row for row in self.warehouse.coverage if row["age"] in self.warehouse.cohorts and row["withheld"]
        ]
        if withheld_elsewhere:
            found.append(language("sheet.median_released"))
        return found
