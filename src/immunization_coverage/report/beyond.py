"""The chapter beyond coverage: docs/indicators.md has the formula of each figure. Internal only."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from immunization_coverage.report.figures import Figure, Line, LineChart, cell, data_table, dot_table, line_chart, notes
from immunization_coverage.report.language import Language, first_upper
from immunization_coverage.report.leads import lead
from immunization_coverage.report.sections import Choice, Report, Section
from immunization_coverage.report.titles import compared, marked, named, printed, share
from immunization_coverage.report.warehouse import FEW_STUDENTS, STATUSES, has_value, select


def beyond(report: Report) -> Section | None:
    """Why students are not up to date, the exempt, crude and valid doses, drop-out, timeliness, missed visits, grace
    period and reporting, in the province."""
    warehouse = report.warehouse
    if not warehouse.not_up_to_date or not warehouse.within_reach or not warehouse.missed_visits:
        return None
    if not any(row["students"] for row in warehouse.coverage):
        return None
    figures = [
        reasons_figure(report), exempt_figure(report), doses_figure(report), reach_figure(report),
        missed_figure(report),
    ]  # fmt: skip
    by_age = [
        (key, panels(report, build)) for key, build in (("dropout", dropout_figure), ("timeliness", timeliness_figure))
    ]
    return Section(
        "beyond", {"figures": [*figures, *reporting_figures(report)], "by_age": by_age, "curves": curves(report)}
    )


def province(report: Report, name: str) -> list[dict]:
    return select(report.warehouse.indicators[name], geography="province")


def row_name(report: Report) -> Callable[[dict], str]:
    language = report.language
    return lambda row: language("antigen_at_age", antigen=language.antigen(row["antigen"]), age=row["age"])


def figure(
    report: Report,
    key: str,
    title: str,
    rows: list[dict],
    marks: list[tuple[str, str]],
    columns: list[str],
    *,
    data: list[dict] | None = None,
    name: Callable[[dict], str] | None = None,
    heading: str = "antigen",
    ceiling: float | None = None,
    ends: tuple[float, float] | None = None,
    texts: dict | None = None,
    of: str = "",
    chapter: str = "beyond",
) -> Figure:
    """Dots, or bars, of the rows' percents, and `data` if it has more rows; `of` names one of several panels. Rows know
    whether their percents are of few (titles.marked)."""
    language = report.language
    subtitle = language(f"{chapter}.{key}_subtitle", **({"of": of} if of else {}))
    headed = [(column, kind, language(f"table.{column}")) for column, kind in marks]
    drawing = dot_table(
        language,
        rows,
        label=subtitle,
        heading=language(f"table.{heading}"),
        columns=headed,
        name=name or row_name(report),
        ends=ends,
        ceiling=ceiling,
        legend=[(kind, text) for _, kind, text in headed] if len(headed) > 1 else [],
        has_line=len(headed) > 1,
    )
    # Identifies the panel of an age among the others.
    name_of_chapter = chapter.replace("_", "-")
    file = f"{name_of_chapter}-{key}-{rows[0]['age']}" if of else f"{name_of_chapter}-{key}"
    said = [language(f"{chapter}.{key}_note"), *notes(language, rows)]
    return Figure(
        file, first_upper(title), subtitle, drawing, data_table(language, file, data or rows, columns, texts), said
    )


def all_few(language: Language) -> str:
    return language("all_few", few=FEW_STUDENTS)


def doses_named(language: Language, rows: list[dict]) -> str:
    names = [
        language("beyond.dose_of", antigen=language.antigen(row["antigen"], "of"), dose=row["dose_number"])
        for row in rows
    ]
    return named(language, names, "doses")


def panels(report: Report, build: Callable[[Report, int], Figure | None]) -> list[Choice]:
    """One panel for each age that has something to show."""
    ages = sorted({row["age"] for row in report.warehouse.coverage})
    label = report.language("table.age")
    return [
        Choice(str(age), label, report.language("age", age=age), panel)
        for age in ages
        if (panel := build(report, age)) is not None
    ]


def reasons_figure(report: Report) -> Figure:
    """The title is of one cohort, the youngest of the first chapter's antigen where anybody is missing: a sum over
    antigens counts a student once for each."""
    language = report.language
    rows = select(report.warehouse.not_up_to_date, geography="province")

    def missing(row: dict) -> int:
        return sum(row[status] or 0 for status in STATUSES)

    antigen, _ = lead("province")
    by_cohort = sorted(compared(rows, "no_record_percent"), key=lambda row: (row["antigen"] != antigen, row["age"]))
    told = next((row for row in by_cohort if missing(row)), None)
    title = language("beyond.reasons_none") if by_cohort else all_few(language)
    if told is not None:
        title = language(
            "beyond.reasons_title",
            antigen=language.antigen(told["antigen"], "of"),
            age=report.age(told["age"]),
            no_record=cell(language, told, "no_record_percent"),
            refused=cell(language, told, "doses_refused_percent"),
        )
    return figure(
        report,
        "reasons",
        title,
        sorted(rows, key=lambda row: (row["age"], -(row["no_record_percent"] or 0))),
        [("no_record_percent", "completed"), ("doses_refused_percent", "unimmunized"),
         ("series_incomplete_percent", "initiated")],
        ["school_year", "age", "antigen", "students", *STATUSES, *(f"{status}_percent" for status in STATUSES)],
    )  # fmt: skip


def exempt_figure(report: Report) -> Figure:
    """Exempt students who are up to date."""
    language = report.language
    found: dict[tuple, dict] = {}
    for row in province(report, "exemptions_by_status"):
        if row["exemption"] == "none":
            continue
        whole = found.setdefault(
            (row["age"], row["antigen"]), row | {"students_exempt": 0, "students_exempt_up_to_date": 0}
        )
        whole["students_exempt"] += row["students"]
        whole["students_exempt_up_to_date"] += row["students"] if row["is_up_to_date"] else 0
    for row in found.values():
        exempt = row["students_exempt"]
        row["exempt_up_to_date_percent"] = 100 * row["students_exempt_up_to_date"] / exempt if exempt else None
    rows = sorted(
        marked(list(found.values()), "students_exempt"),
        key=lambda row: (row["age"], -(row["exempt_up_to_date_percent"] or 0)),
    )
    title = language("beyond.exempt_none")
    if any(row["students_exempt"] for row in rows):
        title = all_few(language)
    if shown := compared(rows, "exempt_up_to_date_percent"):
        most = max(shown, key=lambda row: row["students_exempt"])
        title = language(
            "beyond.exempt_title",
            antigen=language.antigen(most["antigen"], "of"),
            age=report.age(most["age"]),
            percent=cell(language, most, "exempt_up_to_date_percent"),
        )
    return figure(
        report,
        "exempt",
        title,
        rows,
        [("exempt_up_to_date_percent", "bar")],
        ["school_year", "age", "antigen", "students_exempt", "students_exempt_up_to_date", "exempt_up_to_date_percent"],
        ends=(0, 100),
    )


def doses_figure(report: Report) -> Figure:
    """Crude beside valid, of the doses that the shortest criterion requires."""
    language = report.language
    doses = marked(province(report, "dose_coverage"), "students")
    rows = [row for row in doses if row["is_fewest_asked"]]

    def gap(row: dict) -> float:
        return (row["crude_percent"] or 0) - (row["valid_percent"] or 0)

    title = all_few(language)
    if shown := compared(rows, "crude_percent"):
        widest = max(shown, key=gap)
        title = language(
            "beyond.doses_title",
            antigen=language.antigen(widest["antigen"], "of"),
            age=report.age(widest["age"]),
            count=widest["dose_number"],
            crude=cell(language, widest, "crude_percent"),
            valid=cell(language, widest, "valid_percent"),
        )
    return figure(
        report,
        "doses",
        title,
        sorted(rows, key=lambda row: (row["age"], -gap(row))),
        [("crude_percent", "initiated"), ("valid_percent", "completed")],
        ["school_year", "age", "antigen", "dose_number", "students", "students_recorded", "crude_percent",
         "students_valid", "valid_percent"],
        data=doses,
        ceiling=100,
    )  # fmt: skip


def dropout_figure(report: Report, age: int) -> Figure | None:
    language = report.language
    rows = marked(select(province(report, "dose_coverage"), age=age), "students_eligible")
    rows = [row for row in rows if has_value(row, "dropout_percent")]
    if not rows:
        return None
    rows.sort(key=lambda row: -row["dropout_percent"])
    title = all_few(language)
    if shown := compared(rows, "dropout_percent"):
        most = share(shown, lambda row: printed(row, "dropout_percent"))
        percent = cell(language, most[0], "dropout_percent")
        title = language(
            "beyond.dropout_title" if printed(most[0], "dropout_percent") else "beyond.dropout_none",
            doses=doses_named(language, most),
            age=report.age(age),
            percent=percent,
        )
    return figure(
        report,
        "dropout",
        title,
        rows,
        [("dropout_percent", "bar")],
        ["school_year", "age", "antigen", "dose_number", "students_eligible", "students_dropped_out", "dropout_percent",
         "students_eligible_from_first", "students_dropped_out_from_first", "dropout_from_first_percent"],
        name=lambda row: language("beyond.dose", antigen=language.antigen(row["antigen"]), dose=row["dose_number"]),
        of=report.age(age),
    )  # fmt: skip


def timeliness_figure(report: Report, age: int) -> Figure | None:
    language = report.language
    rows = marked(select(province(report, "timeliness"), age=age), "students")
    rows.sort(key=lambda row: (language.antigen(row["antigen"]), row["dose_number"]))
    if not any(has_value(row, "by_recommended_age_percent") for row in rows):
        return None
    title = all_few(language)
    if shown := compared(rows, "by_recommended_age_percent"):
        least = share(shown, lambda row: printed(row, "by_recommended_age_percent"), min)
        title = language(
            "beyond.timeliness_title",
            doses=doses_named(language, least),
            age=report.age(age),
            percent=cell(language, least[0], "by_recommended_age_percent"),
        )
    return figure(
        report,
        "timeliness",
        title,
        rows,
        [("timely_percent", "completed"), ("by_recommended_age_percent", "initiated")],
        ["school_year", "age", "antigen", "schedule", "dose_number", "recommended_at", "students", "students_early",
         "students_timely", "students_late", "students_without_dose", "timely_percent", "by_recommended_age_percent"],
        name=lambda row: language("beyond.dose", antigen=language.antigen(row["antigen"]), dose=row["dose_number"]),
        ends=(0, 100),
        texts={
            "schedule": lambda row: language(f"explorer.values.{row['schedule']}"),
            "recommended_at": lambda row: language.rule(row["recommended_at"]),
        },
        of=report.age(age),
    )  # fmt: skip


def reach_figure(report: Report) -> Figure:
    """Coverage had no visit been missed, and with a grace period."""
    language = report.language

    def gain(row: dict) -> float:
        return (row["coverage_without_missed_percent"] or 0) - (row["coverage_percent"] or 0)

    def printed_gain(row: dict) -> tuple[Decimal, float]:
        return printed(row, "coverage_without_missed_percent") - printed(row, "coverage_percent"), gain(row)

    near: dict[tuple, int] = {}
    for row in province(report, "near_misses"):
        near[row["age"], row["antigen"]] = near.get((row["age"], row["antigen"]), 0) + row["doses"]
    rows = [
        row | {"near_misses": near.get((row["age"], row["antigen"]), 0)}
        for row in select(report.warehouse.within_reach, geography="province")
    ]
    rows.sort(key=lambda row: (row["age"], -gain(row)))
    title = all_few(language)
    if shown := compared(rows, "coverage_percent"):
        widest = max(shown, key=printed_gain)
        coverage, without = (
            cell(language, widest, column) for column in ("coverage_percent", "coverage_without_missed_percent")
        )
        title = language(
            "beyond.reach_title" if coverage != without else "beyond.reach_none",
            antigen=language.antigen(widest["antigen"], "of"),
            age=report.age(widest["age"]),
            coverage=coverage,
            without=without,
        )
    return figure(
        report,
        "reach",
        title,
        rows,
        [("coverage_percent", "completed"), ("coverage_with_grace_percent", "unimmunized"),
         ("coverage_without_missed_percent", "initiated")],
        ["school_year", "age", "antigen", "students", "coverage_percent", "coverage_without_missed_percent",
         "near_misses", "coverage_with_grace_percent"],
        ceiling=100,
    )  # fmt: skip


def missed_figure(report: Report) -> Figure:
    """Visits at which a dose was due and not given, corrected and not."""
    language = report.language
    rows = sorted(
        marked(province(report, "missed_visits"), "students_with_eligible_visit"),
        key=lambda row: (row["age"], -(row["students_missed_percent"] or 0)),
    )
    title = all_few(language)
    if not any(row["students_missed"] for row in rows):
        title = language("beyond.missed_none")
    elif shown := compared(rows, "uncorrected_percent"):
        worst = max(shown, key=lambda row: row["uncorrected_percent"])
        title = language(
            "beyond.missed_title",
            antigen=language.antigen(worst["antigen"], "of"),
            age=worst["age"],
            missed=cell(language, worst, "students_missed_percent"),
            uncorrected=cell(language, worst, "uncorrected_percent"),
        )
    return figure(
        report,
        "missed",
        title,
        rows,
        [("students_missed_percent", "initiated"), ("uncorrected_percent", "unimmunized")],
        ["school_year", "age", "antigen", "visits_eligible", "visits_missed", "visits_missed_percent",
         "students_with_eligible_visit", "students_missed", "students_missed_percent", "students_corrected",
         "students_uncorrected", "corrected_percent", "uncorrected_percent"],
    )  # fmt: skip


def reporting_figures(report: Report) -> list[Figure]:
    """How doses of the school year reach the record; none if the extract has neither who recorded them nor when."""
    language = report.language
    rows = province(report, "reporting")
    if {(row["channel"], row["delay"]) for row in rows} <= {("not_recorded", "not_recorded")}:
        return []
    found: dict[str, dict] = {}
    for row in rows:
        if not row["is_of_school_year"]:
            continue
        whole = found.setdefault(row["channel"], row | {"doses": 0, "doses_within_30_days": 0, "doses_with_delay": 0})
        whole["doses"] += row["doses"]
        whole["doses_with_delay"] += row["doses"] if row["delay"] != "not_recorded" else 0
        in_time = row["delay"] in ("within_7_days", "within_30_days", "before_the_dose")
        whole["doses_within_30_days"] += row["doses"] if in_time else 0
    if not found:
        return []
    total = sum(row["doses"] for row in found.values())
    for row in found.values():
        told = row["doses_with_delay"]
        row["doses_percent"] = 100 * row["doses"] / total
        row["within_30_days_percent"] = 100 * row["doses_within_30_days"] / told if told else None
    all_told = sum(row["doses_with_delay"] for row in found.values())
    all_in_time = sum(row["doses_within_30_days"] for row in found.values())

    def channel(row: dict) -> str:
        return language(f"explorer.values.{row['channel']}")

    return [
        figure(
            report,
            "reporting",
            language("beyond.reporting_title", percent=language.percent(100 * all_in_time / all_told))
            if all_told
            else language("beyond.reporting_none"),
            sorted(marked(list(found.values()), "doses_with_delay"), key=lambda row: -row["doses"]),
            [("doses_percent", "completed"), ("within_30_days_percent", "initiated")],
            ["school_year", "age", "channel", "is_of_school_year", "delay", "doses", "doses_percent"],
            data=rows,
            name=channel,
            heading="channel",
            ends=(0, 100),
            texts={
                "channel": channel,
                "is_of_school_year": lambda row: language(f"explorer.values.{row['is_of_school_year']}"),
                "delay": lambda row: language(f"explorer.values.{row['delay']}"),
            },
        )
    ]


def curves(report: Report) -> list[Choice]:
    """Cumulative coverage by age, a curve for each dose of the schedule that is recommended."""
    language = report.language
    found: dict[tuple[str, int], dict[int, list[dict]]] = {}
    for row in report.warehouse.indicators["coverage_by_age_in_months"]:
        if row["is_recommended"]:
            of_dose = found.setdefault((row["antigen"], row["age"]), {})
            of_dose.setdefault(row["dose_number"], []).append(row)
    choices = []
    for (antigen, age), doses in sorted(found.items(), key=lambda item: (language.antigen(item[0][0]), item[0][1])):
        drawing, data = curve_chart(report, antigen, age, doses)
        last = {dose: rows[-1] for dose, rows in drawing_doses(doses).items()}
        dose = max(last)
        title = language(
            "beyond.curves_title",
            antigen=language.antigen(antigen, "of"),
            age=age,
            dose=dose,
            percent=language.percent(last[dose]["coverage_percent"] or 0),
            at=language.number(last[dose]["age_in_months"] // 12),
        )
        subtitle = language("beyond.curves_subtitle", antigen=language.antigen(antigen, "plain"), age=age)
        key = f"beyond-curves-{antigen}-{age}"
        columns = ["school_year", "age", "antigen", "schedule", "dose_number", "age_in_months", "coverage_percent"]
        texts = {"schedule": lambda row: language(f"explorer.values.{row['schedule']}")}
        shown = Figure(
            key, first_upper(title), subtitle, drawing, data_table(language, key, data, columns, texts),
            [language("beyond.curves_note")],
        )  # fmt: skip
        label = language("antigen_at_age", antigen=language.antigen(antigen), age=age)
        choices.append(Choice(f"{antigen}-{age}", language.antigen(antigen), label, shown))
    return choices


def drawing_doses(doses: dict[int, list[dict]]) -> dict[int, list[dict]]:
    """The doses that any student has, their months in order; the first dose if there is none."""
    ordered = {dose: sorted(rows, key=lambda row: row["age_in_months"]) for dose, rows in sorted(doses.items())}
    given = {dose: rows for dose, rows in ordered.items() if any(row["coverage_percent"] for row in rows)}
    return given or dict([next(iter(ordered.items()))])


def curve_chart(report: Report, antigen: str, age: int, doses: dict[int, list[dict]]) -> tuple[LineChart, list[dict]]:
    """The curves, and their numbers at every birthday and at the end."""
    language: Language = report.language
    drawn = drawing_doses(doses)
    lines = [
        Line(
            language("beyond.curve", dose=dose),
            [(row["age_in_months"], row["coverage_percent"] or 0) for row in rows],
        )
        for dose, rows in drawn.items()
    ]
    label = language("beyond.curves_subtitle", antigen=language.antigen(antigen, "plain"), age=age)
    data = [
        row for rows in drawn.values() for row in rows
        if row["age_in_months"] % 12 == 0 or row is rows[-1]
    ]  # fmt: skip
    return line_chart(language, lines, label, language("beyond.curves_axis")), data
