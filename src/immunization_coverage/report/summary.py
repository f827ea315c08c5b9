"""The first screen: five lines that tell how far from the goals, where, who is missing, what changed, and how far to
trust the data. Each leads to its chapter."""

from __future__ import annotations

from dataclasses import dataclass

from immunization_coverage.report.figures import cell
from immunization_coverage.report.language import Language, first_upper, rounded
from immunization_coverage.report.leads import lead, lead_row
from immunization_coverage.report.measures import COVERAGE
from immunization_coverage.report.sections import (
    Report,
    Section,
    assignment,
    below_goal,
    exemptions_sentence,
    range_title,
    reaches_goal,
    schools,
    to_goal,
    why_no_goals,
)
from immunization_coverage.report.titles import (
    antigens_at_ages,
    compared,
    extremes,
    of_phus,
    printed,
    remarked,
    says_little,
    share,
)
from immunization_coverage.report.trends import Point, segments, series
from immunization_coverage.report.warehouse import FEW_STUDENTS, by_status_group, select

# A dose is read that has a student and a date; a packed history, of several doses, that has a student.
NOT_READ = {
    "doses_not_read": (
        "immunizations_administered_date_missing", "immunizations_administered_date_not_a_date",
        "immunizations_orphan_client",
    ),
    "histories_not_read": ("immunization_histories_orphan_client",),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """`chapter` is the section that it leads to."""

    key: str
    chapter: str
    label: str
    sentences: list[str]


def summary(report: Report) -> Section:
    parts = {
        "goals": ("province", goals(report)),
        "where": ("schools" if report.scope.is_unit else "units", where(report)),
        "who": ("exemptions" if report.warehouse.release else "beyond", who(report)),
        "change": ("over_years", changed(report)),
        "trust": ("assignment" if report.warehouse.release else "quality", trust(report)),
    }
    lines = [
        Line(key, chapter, report.language(f"summary.labels.{key}"), sentences)
        for key, (chapter, sentences) in parts.items()
        if sentences
    ]
    return Section("summary", {"lines": lines, "cautions": cautions(report)})


def goals(report: Report) -> list[str]:
    """How many goals are reached, and what is furthest below its goal."""
    language = report.language
    rows = select(report.warehouse.coverage, geography="province")
    rows = [row for row in rows if row["goal_percent"] is not None]
    if says_little(rows, "coverage_percent"):
        return [language(f"summary.{why_no_goals(rows)}")]
    shown = compared(rows, "coverage_percent")
    if not shown:
        return [language("summary.goals_few", few=FEW_STUDENTS)]
    below = [row for row in shown if not reaches_goal(row)]
    if below:
        count = len(shown) - len(below)
        title = language("summary.goals", count=count, total=language.number(len(shown)))
    else:
        title = language("summary.goals_all", count=len(shown))
    said = [remarked(language, title, rows, "coverage_percent") + "."]
    if below:
        furthest = share(below, to_goal, min)
        names = antigens_at_ages(language, furthest)
        said.append(language("summary.furthest", names=names, points=below_goal(language, furthest[0])))
    return said


def where(report: Report) -> list[str]:
    """Where coverage is lowest, of the map that the report opens with; of one unit, how its schools stand."""
    language = report.language
    if report.scope.is_unit:
        section = schools(report)
        return [section.context["figures"][0].title + "."] if section else []
    told = lead_row("units", select(report.warehouse.coverage, geography="province"))
    antigen, age = told["antigen"], told["age"]
    rows = select(report.warehouse.coverage, antigen=antigen, age=age)
    values = extremes(language, rows, "coverage_percent")
    if "low" not in values:
        return [range_title(report, antigen, age, rows) + "."]
    shown = compared(of_phus(rows), "coverage_percent")
    values |= {"antigen": language.antigen(antigen, "of"), "age": report.age(age)}
    if shown[0]["goal_percent"] is None:
        sentence = language("summary.where_no_goal", **values)
    else:
        below = sum(not reaches_goal(row) for row in shown)
        counts = {"count": below, "total": language.number(len(shown))}
        key = "where_all" if below == len(shown) else "where"
        sentence = language(f"summary.{key}", goal=language.goal(shown[0]["goal_percent"]), **values, **counts)
    return [remarked(language, first_upper(sentence), of_phus(rows), "coverage_percent", of="units") + "."]


def who(report: Report) -> list[str]:
    """Who is not up to date for every designated disease and, in students, why they are not for one antigen."""
    language, warehouse = report.language, report.warehouse
    said = []
    rows = select(warehouse.coverage_all_ispa, geography="province")
    if shown := compared(rows, "coverage_percent"):
        row = min(shown, key=lambda row: row["age"])
        percent = language.percent(float(100 - printed(row, "coverage_percent")))
        said.append(first_upper(language("summary.who", age=report.age(row["age"]), percent=percent)))
    reasons = [row for row in select(warehouse.not_up_to_date, geography="province") if row["students"]]
    if reasons:
        antigen, _ = lead("province")
        told = lead_row("province", sorted(reasons, key=lambda row: (row["antigen"] != antigen, row["age"])))
        said.append(reasons_sentence(report, told))
    elif rows:
        exempt = select(warehouse.exemptions_any_ispa, geography="province")
        said.append(exemptions_sentence(language, exempt) + ".")
    if warehouse.release:
        said.append(language("summary.who_release"))
    return said


def reasons_sentence(report: Report, row: dict) -> str:
    """Of the students at one age, each with one reason."""
    language = report.language
    numbers = by_status_group(row)
    values = {
        "antigen": language.antigen(row["antigen"], "of"),
        "age": report.age(row["age"]),
        "count": sum(numbers.values()),
        "total": language.number(row["students"]),
    }
    parts = [language(f"summary.{key}", number=language.number(number)) for key, number in numbers.items()]
    return first_upper(language("summary.reasons", reasons="; ".join(parts), **values))


def changed(report: Report) -> list[str]:
    """Coverage beside the last school year before; nothing where there is none."""
    language, years = report.language, report.years[-2:]
    if len(years) < 2 or not report.warehouse.year.is_as_reported:
        return []
    rows = select(report.warehouse.coverage, geography="province")
    found: list[tuple[dict, list[Point]]] = [
        (row, series(years, COVERAGE, row["age"], row["antigen"], [None])[None])
        for row in rows
        if row["age"] in report.warehouse.cohorts
    ]
    both = [(row, points) for row, points in found if all(p.has_value and not p.is_few for p in points)]
    before = language.school_year(years[0].school_year)
    if not both:
        return [language("summary.change_none", before=before)]

    def moved(item: tuple[dict, list[Point]]) -> float:
        earlier, later = item[1]
        return float(printed(later.row or {}, later.percent) - printed(earlier.row or {}, earlier.percent))

    changes = [moved(item) for item in both]
    counts = {"up": sum(change > 0 for change in changes), "down": sum(change < 0 for change in changes)}
    numbers = {name: language.number(count) for name, count in counts.items()}
    total = language.number(len(both))
    if not any(changes):
        sentence = language("summary.change_nothing", before=before, total=total)
    else:
        sentence = language("summary.change", before=before, total=total, **numbers)
        largest = max(map(abs, changes))
        most = [item for item, change in zip(both, changes, strict=True) if abs(change) == largest]
        names = antigens_at_ages(language, [row for row, _ in most])
        if len(most) == 1:
            earlier, later = (cell(language, point.row or {}, point.percent) for point in most[0][1])
            sentence += language("summary.change_most", names=names, earlier=earlier, later=later)
        else:
            points = language("points", count=largest, value=language.number(largest, 1))
            sentence += language("summary.change_most_shared", names=names, points=points)
    said = [remarked(language, sentence, rows, "coverage_percent") + "."]
    breaks = sum(any(segment.is_break for segment in segments(points)) for _, points in both)
    if breaks:
        said.append(language("summary.change_breaks", count=breaks, total=total))
    return said


def trust(report: Report) -> list[str]:
    """What share of the doses was read and of the students assigned, and which findings change numbers."""
    language, warehouse = report.language, report.warehouse
    if warehouse.release:
        section = assignment(report)
        rows = warehouse.coverage
        withheld = sum("coverage_percent" in row["withheld"] for row in rows)
        counts = {"count": withheld, "total": language.number(len(rows))}
        assigned = [section.context["figures"][0].title + "."] if section else []
        return [*assigned, language("summary.withheld", **counts)]
    checks = {row["check"]: row for row in warehouse.data_quality}
    said = []
    for key, names in NOT_READ.items():
        found = [checks[name] for name in names if name in checks]
        total = max((row["rows_checked"] for row in found), default=0)
        if total:
            said.append(of_total(language, key, sum(row["rows_failed"] for row in found), total))
    clients = checks.get("clients_without_usable_education_record")
    if clients and clients["rows_checked"]:
        said.append(of_total(language, "not_assigned", clients["rows_failed"], clients["rows_checked"]))
    if checks:
        said.append(language("summary.findings", count=len(findings_that_matter(report))))
    return said


def of_total(language: Language, key: str, count: int, total: int) -> str:
    """A count with its share, which is not printed as 0.0 if it is none."""
    share_of_total = 100 * count / total
    percent = language.percent(share_of_total)
    if count and not rounded(share_of_total, 1):
        percent = language("summary.under", percent=language.percent(0.1))
    return language(f"summary.{key}", count=count, total=language.number(total), percent=percent)


def findings_that_matter(report: Report) -> list[dict]:
    return [
        row
        for row in report.warehouse.data_quality
        if row["outcome"] in ("warned", "accepted", "failed") and row["changes_numbers"]
    ]


def cautions(report: Report) -> list[str]:
    """What a reader must know before any number: data that are thin, incomplete or odd."""
    language, warehouse = report.language, report.warehouse
    said = []
    whole = select(warehouse.coverage, geography="province")
    sizes = {age: [row["students"] for row in select(whole, age=age)] for age in warehouse.cohorts}
    nobody = [age for age, of_age in sizes.items() if not any(size is None or size for size in of_age)]
    if nobody:
        ages = language.joined([language.number(age) for age in nobody])
        said.append(language("summary.caution_nobody", ages=language("at_age", age=ages)))
    units = [row for row in of_phus(warehouse.coverage) if row["students"] and row["age"] in warehouse.cohorts]
    few = sum(row["is_few"] for row in units)
    if few * 2 > len(units):
        values = {"percent": language.percent(100 * few / len(units), 0), "few": FEW_STUDENTS}
        said.append(language("summary.caution_few", **values))
    if any(row["is_few"] for row in whole if row["age"] in warehouse.cohorts):
        said.append(language("summary.caution_few_overall", few=FEW_STUDENTS))
    if (warehouse.extraction_days or 0) < 0:
        said.append(language("summary.caution_early", count=-(warehouse.extraction_days or 0)))
    measured = [row for row in warehouse.coverage if row["withheld"] or row["coverage_percent"] is not None]
    withheld = sum(bool(row["withheld"]) for row in measured)
    if withheld * 2 > len(measured):
        said.append(language("summary.caution_withheld", percent=language.percent(100 * withheld / len(measured), 0)))
    return said
