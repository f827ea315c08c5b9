"""The chapter of what health units ask for: docs/indicators.md has the formula of each figure. Internal only."""

from __future__ import annotations

from immunization_coverage.report.beyond import all_few, figure, panels, province
from immunization_coverage.report.figures import Figure, cell
from immunization_coverage.report.leads import lead
from immunization_coverage.report.sections import Report, Section
from immunization_coverage.report.titles import compared, marked, share
from immunization_coverage.report.warehouse import has_value, select

CHAPTER = "health_unit"


def health_unit(report: Report) -> Section | None:
    """Coverage by birthday, students without a record, doses that count for no antigen, and doses needed."""
    indicators = report.warehouse.indicators
    if not any(row["students"] for row in indicators.get("zero_dose", [])):
        return None
    figures = [one for build in (zero_dose_figure, birthday_figure) if (one := build(report)) is not None]
    by_age = [(key, panels(report, build)) for key, build in (("needed", needed_figure), ("invalid", invalid_figure))]
    return Section(CHAPTER, {"figures": figures, "by_age": by_age})


def zero_dose_figure(report: Report) -> Figure:
    language = report.language
    rows = marked(province(report, "zero_dose"), "students")
    title = all_few(language)
    if shown := compared(rows, "without_dtp_percent"):
        youngest = shown[0]
        title = language(
            "health_unit.zero_title",
            count=youngest["students_without_dtp"],
            total=language.number(youngest["students"]),
            age=report.age(youngest["age"]),
            percent=cell(language, youngest, "without_dtp_percent"),
        )
    return figure(
        report,
        "zero",
        title,
        rows,
        [("without_dtp_percent", "initiated"), ("without_dose_percent", "unimmunized")],
        ["school_year", "age", "students", "students_without_dtp", "without_dtp_percent", "students_without_dose",
         "without_dose_percent"],
        name=lambda row: language("age", age=row["age"]),
        heading="age",
        chapter=CHAPTER,
    )  # fmt: skip


def birthday_figure(report: Report) -> Figure | None:
    """Coverage on the first and on the last birthday of the youngest cohort that has any, side by side."""
    language = report.language
    data = marked(province(report, "coverage_by_birthday"), "students")
    data = [row for row in data if row["age"] == min(row["age"] for row in data)]
    birthdays = sorted({row["birthday"] for row in data})
    columns = {"by_first_birthday_percent": birthdays[:1], "by_last_birthday_percent": birthdays[-1:]}
    found: dict[str, dict] = {}
    for row in data:
        both = found.setdefault(row["antigen"], dict(row))
        both |= {column: row["coverage_percent"] for column, of in columns.items() if row["birthday"] in of}
    rows = [row for row in found.values() if columns.keys() <= row.keys()]
    rows.sort(key=lambda row: -(row["by_last_birthday_percent"] or 0))
    told = next((row for row in rows if row["antigen"] == lead("province")[0]), rows[0] if rows else None)
    if told is None or not told["students"]:
        return None
    title = language(
        "health_unit.birthday_title",
        antigen=language.antigen(told["antigen"], "of"),
        first=cell(language, told, "by_first_birthday_percent"),
        last=cell(language, told, "by_last_birthday_percent"),
    )
    return figure(
        report,
        "birthday",
        all_few(language) if told["is_few"] else title,
        rows,
        [("by_first_birthday_percent", "initiated"), ("by_last_birthday_percent", "completed")],
        ["school_year", "age", "antigen", "birthday", "doses_asked", "students", "students_up_to_date",
         "coverage_percent"],
        data=data,
        name=lambda row: language.antigen(row["antigen"]),
        ceiling=100,
        chapter=CHAPTER,
    )  # fmt: skip


def needed_figure(report: Report, age: int) -> Figure | None:
    language = report.language
    rows = marked(select(province(report, "doses_needed"), age=age), "students")
    rows = [row for row in rows if row["students"]]
    if not rows:
        return None
    rows.sort(key=lambda row: -row["students_needing_1"])
    # A dose that no product is offered for cannot be given.
    told = next((row for row in rows if row["is_product_offered"]), rows[0])
    title = language(
        "health_unit.needed_title",
        antigen=language.antigen(told["antigen"], "of"),
        age=report.age(age),
        one=cell(language, told, "needing_1_percent"),
        more=language.percent(told["needing_2_percent"] + told["needing_3_or_more_percent"]),
    )

    def name(row: dict) -> str:
        antigen = language.antigen(row["antigen"])
        return antigen if row["is_product_offered"] else language("health_unit.not_offered", antigen=antigen)

    return figure(
        report,
        "needed",
        all_few(language) if told["is_few"] else title,
        rows,
        [("needing_1_percent", "completed"), ("needing_2_percent", "initiated"),
         ("needing_3_or_more_percent", "unimmunized")],
        ["school_year", "age", "antigen", "students", "students_needing_1", "students_needing_2",
         "students_needing_3_or_more", "needing_1_percent", "needing_2_percent", "needing_3_or_more_percent",
         "is_product_offered"],
        name=name,
        texts={"is_product_offered": lambda row: language(f"explorer.values.{row['is_product_offered']}")},
        of=report.age(age),
        chapter=CHAPTER,
    )  # fmt: skip


def invalid_figure(report: Report, age: int) -> Figure | None:
    """Doses that count for no antigen, all years and reasons together; the data have each year and reason."""
    language = report.language
    data = select(province(report, "invalid_doses"), age=age)
    found: dict[str, dict] = {}
    for row in data:
        whole = found.setdefault(row["antigen"], row | {"by_year": {}, "by_reason": {}})
        # The doses of a year are the same in the row of every reason.
        whole["by_year"][row["year_given"]] = row["doses"]
        whole["by_reason"][row["reason"]] = whole["by_reason"].get(row["reason"], 0) + row["doses_refused"]
    for whole in found.values():
        doses = whole["doses"] = sum(whole["by_year"].values())
        whole["refused_percent"] = 100 * sum(whole["by_reason"].values()) / doses if doses else None
    rows = [row for row in marked(list(found.values()), "doses") if has_value(row, "refused_percent")]
    if not rows:
        return None
    rows.sort(key=lambda row: -row["refused_percent"])
    title = all_few(language)
    if shown := compared(rows, "refused_percent"):
        most = shown[0]
        reasons = share(list(most["by_reason"]), lambda name: most["by_reason"][name])
        title = language(
            "health_unit.invalid_title" if sum(most["by_reason"].values()) else "health_unit.invalid_none",
            antigen=language.antigen(most["antigen"], "of"),
            age=age,
            percent=cell(language, most, "refused_percent"),
            reason=language.joined([language(f"health_unit.reasons.{reason}") for reason in reasons]),
        )
    return figure(
        report,
        "invalid",
        title,
        rows,
        [("refused_percent", "bar")],
        ["school_year", "age", "antigen", "year_given", "reason", "doses", "doses_refused", "refused_percent"],
        data=data,
        name=lambda row: language.antigen(row["antigen"]),
        texts={
            "reason": lambda row: language(f"explorer.values.{row['reason']}"),
            "year_given": lambda row: str(row["year_given"]),
        },
        of=report.age(age),
        chapter=CHAPTER,
    )
