"""Every computed title beside what the numbers are: in a table of situations, and read back from random marts."""

import random
import re
import shutil
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace

import duckdb
import pytest
from conftest import few
from pages import percent
from random_marts import write_indicators, write_marts

from immunization_coverage.report import beyond, change, sections, summary
from immunization_coverage.report.intervals import interval, interval_of, overlapping
from immunization_coverage.report.language import LANGUAGES, Language, sort_key
from immunization_coverage.report.scope import scope_of
from immunization_coverage.report.sections import Report
from immunization_coverage.report.titles import named
from immunization_coverage.report.trends import Point
from immunization_coverage.report.warehouse import Warehouse, select

UNITS = ("AL", "BR", "CK", "DU", "EO", "GB")


def unit(
    value, students=100, phu_id="AL", goal=95.0, withheld=False, antigen="measles", age=7, column="coverage_percent"
):  # fmt: skip
    """A row of a unit, or of the province where `phu_id` is none; `value` is null where there are no students."""
    return {
        "geography": "phu" if phu_id else "province", "phu_id": phu_id, "phu_name": phu_id, "age": age,
        "antigen": antigen, "students": students, column: None if withheld else value, "goal_percent": goal,
        "map_category": 5 if value is not None and value >= (goal or 0) else 1,
        "withheld": frozenset({column} if withheld else ()), "is_few": 0 < students < 20,
    }  # fmt: skip


def units(*values, students=100, **others):
    return [unit(value, students, phu_id, **others) for value, phu_id in zip(values, UNITS, strict=False)]


def report_of(code, coverage=(), **tables):
    language = Language(code)
    warehouse = SimpleNamespace(coverage=list(coverage), release=False, **tables)
    return SimpleNamespace(language=language, warehouse=warehouse, age=lambda age: language("at_age", age=age))


RANGES = {
    "apart": (
        units(80.0, 90.0, 96.0),
        "Measles coverage at 7 ranges from 80.0% (Algoma) to 96.0% (Chatham-Kent); one of 3 units reaches the goal of "
        "95%",
        "La couverture contre la rougeole à 7 ans va de 80,0 % (Algoma) à 96,0 % (Chatham-Kent); l’objectif de 95 % "
        "est atteint dans un seul bureau sur 3",
    ),
    "two tie": (
        units(80.0, 99.96, 100.0),
        "Measles coverage at 7 ranges from 80.0% (Algoma) to 100.0% (Brant and Chatham-Kent); 2 of 3 units reach the "
        "goal of 95%",
        "La couverture contre la rougeole à 7 ans va de 80,0 % (Algoma) à 100,0 % (Brant et Chatham-Kent); l’objectif "
        "de 95 % est atteint dans 2 bureaux sur 3",
    ),
    "many tie": (
        units(80.0, 100.0, 100.0, 100.0, 100.0, 100.0),
        "Measles coverage at 7 ranges from 80.0% (Algoma) to 100.0% (5 units); 5 of 6 units reach the goal of 95%",
        "La couverture contre la rougeole à 7 ans va de 80,0 % (Algoma) à 100,0 % (5 bureaux); l’objectif de 95 % est "
        "atteint dans 5 bureaux sur 6",
    ),
    "every unit reaches the goal": (
        units(96.0, 97.0),
        "Measles coverage at 7 ranges from 96.0% (Algoma) to 97.0% (Brant); every unit reaches the goal of 95%",
        "La couverture contre la rougeole à 7 ans va de 96,0 % (Algoma) à 97,0 % (Brant); l’objectif de 95 % est "
        "atteint dans tous les bureaux",
    ),
    "no goal": (
        units(80.0, 90.0, goal=None),
        "Measles coverage at 7 ranges from 80.0% (Algoma) to 90.0% (Brant)",
        "La couverture contre la rougeole à 7 ans va de 80,0 % (Algoma) à 90,0 % (Brant)",
    ),
    "all equal": (
        units(90.0, 90.04, 89.95),
        "Measles coverage at 7 is 90.0% in every unit with students",
        "La couverture contre la rougeole à 7 ans est de 90,0 % dans tous les bureaux qui ont des élèves",
    ),
    "one of enough students": (
        [unit(80.0), unit(100.0, 19, "BR")],
        "Measles coverage at 7 is 80.0% in Algoma, the only unit that is ranked (units with 20 students or more)",
        "La couverture contre la rougeole à 7 ans est de 80,0 % (Algoma), seul bureau qui est classé (parmi les "
        "bureaux d’au moins 20 élèves)",
    ),
    "the extremes are of few students": (
        [*units(80.0, 90.0), unit(0.0, 3, "CK"), unit(100.0, 19, "DU")],
        "Measles coverage at 7 ranges from 80.0% (Algoma) to 90.0% (Brant); no unit reaches the goal of 95% (units "
        "with 20 students or more)",
        "La couverture contre la rougeole à 7 ans va de 80,0 % (Algoma) à 90,0 % (Brant); l’objectif de 95 % n’est "
        "atteint dans aucun bureau (parmi les bureaux d’au moins 20 élèves)",
    ),
    "few students everywhere": (
        units(80.0, 90.0, students=5),
        "Measles coverage at 7: no unit has 20 students or more",
        "Couverture contre la rougeole à 7 ans : aucun bureau ne compte 20 élèves ou plus",
    ),
    "one withheld": (
        [*units(80.0, 90.0), unit(99.0, 100, "CK", withheld=True)],
        "Measles coverage at 7 ranges from 80.0% (Algoma) to 90.0% (Brant); no unit reaches the goal of 95% (units "
        "not withheld)",
        "La couverture contre la rougeole à 7 ans va de 80,0 % (Algoma) à 90,0 % (Brant); l’objectif de 95 % n’est "
        "atteint dans aucun bureau (parmi les bureaux dont la valeur n’est pas supprimée)",
    ),
    "most withheld": (
        [unit(80.0), *(unit(90.0, 100, phu_id, withheld=True) for phu_id in UNITS[1:])],
        "Measles coverage at 7: the values of most units are withheld or missing",
        "Couverture contre la rougeole à 7 ans : les valeurs de la plupart des bureaux sont supprimées ou manquantes",
    ),
    "nobody": (
        units(None, None, students=0),
        "Measles coverage at 7: the values of most units are withheld or missing",
        "Couverture contre la rougeole à 7 ans : les valeurs de la plupart des bureaux sont supprimées ou manquantes",
    ),
}


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f;", ";")


@pytest.mark.parametrize("situation", RANGES)
def test_the_title_of_a_ranking_is_true_of_its_units(situation):
    rows, *expected = RANGES[situation]
    said = [plain(sections.range_title(report_of(code), "measles", 7, rows)) for code in LANGUAGES]
    assert said == expected


def antigens(*values, **others):
    names = ("measles", "mumps", "rubella", "polio", "hib")
    return [unit(value, phu_id=None, antigen=name, **others) for value, name in zip(values, names, strict=False)]


GOALS = {
    "some": (antigens(96.0, 94.0), "At 7, one of 2 antigens with a goal reaches it: measles",
             "À 7 ans, l’objectif est atteint pour un seul antigène sur 2 : rougeole"),
    "all": (antigens(96.0, 97.0), "At 7, every antigen reaches its goal",
            "À 7 ans, l’objectif est atteint pour tous les antigènes"),
    "none": (antigens(94.0, 93.0), "At 7, no antigen reaches its goal; nearest: measles (1.0 points below)",
             "À 7 ans, aucun objectif n’est atteint; l’écart est le plus faible pour : rougeole (1,0 point sous "
             "l’objectif)"),
    "none, and two tie": (
        antigens(94.0, 94.04),
        "At 7, no antigen reaches its goal; nearest: measles and mumps (1.0 points below)",
        "À 7 ans, aucun objectif n’est atteint; l’écart est le plus faible pour : rougeole et oreillons (1,0 point "
        "sous l’objectif)",
    ),
    "none, by less than is printed": (
        antigens(94.98), "At 7, no antigen reaches its goal; nearest: measles (just below)",
        "À 7 ans, aucun objectif n’est atteint; l’écart est le plus faible pour : rougeole (tout juste sous "
        "l’objectif)",
    ),
    "few": (antigens(94.0, 96.0, students=12), "At 7, there are fewer than 20 students",
            "À 7 ans, il y a moins de 20 élèves"),
    "nobody": (antigens(None, students=0), "At 7, there are no students", "À 7 ans, il n’y a aucun élève"),
    "withheld": (antigens(94.0, withheld=True), "At 7, the results of most antigens are withheld or missing",
                 "À 7 ans, les résultats de la plupart des antigènes sont supprimés ou manquants"),
    "no goal": (antigens(94.0, goal=None), "At 7, no antigen has a national goal",
                "À 7 ans, aucun antigène n’a d’objectif national"),
}  # fmt: skip


@pytest.mark.parametrize("situation", GOALS)
def test_the_title_of_an_ages_goals_is_true_of_its_antigens(situation):
    rows, *expected = GOALS[situation]
    assert [plain(sections.goals_title(report_of(code, rows), 7)) for code in LANGUAGES] == expected


def exempt(*values, **others):
    return [
        unit(value, phu_id=None, antigen=name, column="nonmedical_percent", **others) | {"medical_percent": 0.3}
        for value, name in zip(values, ("measles", "mumps", "rubella", "polio", "hib"), strict=False)
    ]


EXEMPTIONS = {
    "one": (exempt(2.0, 1.0), "Non-medical exemptions are most frequent for measles at 7 (2.0%); medical ones reach "
            "0.3% at most"),
    "several tie": (exempt(2.0, 2.0, 1.0), "Non-medical exemptions are most frequent for measles at 7 and mumps at 7 "
                    "(2.0%); medical ones reach 0.3% at most"),
    "many tie": (exempt(2.0, 2.0, 2.0, 2.0), "Non-medical exemptions are most frequent for 4 antigens and ages (2.0%); "
                 "medical ones reach 0.3% at most"),
    "nobody": (exempt(0.0, 0.0), "No student has a non-medical exemption"),
    "fewer than are printed": (exempt(0.01, 0.0), "Fewer than 0.05% of students have a non-medical exemption for any "
                               "antigen"),
    "withheld": (exempt(2.0, withheld=True), "Non-medical exemptions by antigen and age: most results are withheld or "
                 "missing"),
    "few": (exempt(2.0, students=4), "Non-medical exemptions by antigen and age: fewer than 20 students at each age"),
}  # fmt: skip


@pytest.mark.parametrize("situation", EXEMPTIONS)
def test_the_title_of_exemptions_is_true_of_the_antigens(situation):
    rows, expected = EXEMPTIONS[situation]
    assert sections.exemptions_title(report_of("en"), rows) == expected
    french = sections.exemptions_title(report_of("fr"), rows)
    assert numbers_in(french) == numbers_in(expected)


def numbers_in(text: str) -> list[str]:
    """The percents of a sentence in the form of English, in order of size."""
    return sorted(number.replace(",", ".") for number in re.findall(r"(\d+[.,]\d+)\s?%", plain(text)))


def moved(before, after, antigen="measles", phu_id=None, **parts):
    points = {f"{part}_points": parts.get(part, 0.0) for part in change.PARTS}
    return {
        "antigen": antigen, "age": 7, "phu_id": phu_id, "phu_name": phu_id, "school_year": "2018-19",
        "school_year_before": "2017-18", "coverage_percent_before": before, "coverage_percent": after,
        "change_points": after - before, "withheld": frozenset(), "is_few": False, **points,
    }  # fmt: skip


CHANGES = {
    "nothing as printed": ([moved(82.55, 82.64, rest=0.09)], "At 7, coverage moved for no antigen"),
    "less than is printed": ([moved(82.64, 82.66, rest=0.02)], "At 7, coverage moved for no antigen"),
    "one": ([moved(82.0, 83.0, rest=1.0), moved(90.0, 90.0)],
            "Measles coverage at 7 moved from 82.0% in 2017–18 to 83.0% in 2018–19 (+1.0 points), mostly because of "
            "change within public health units (+1.0)"),
    "two parts tie": ([moved(82.0, 83.0, rest=0.5, composition=0.5)],
                      "Measles coverage at 7 moved from 82.0% in 2017–18 to 83.0% in 2018–19 (+1.0 points), mostly "
                      "because of who the students are (+0.5) and change within public health units (+0.5)"),
    "two antigens tie": ([moved(82.0, 83.0, rest=1.0), moved(90.0, 89.0, "mumps", rest=-1.0)],
                         "At 7, coverage moved most for measles and mumps from 2017–18 to 2018–19, by 1.0 points"),
}  # fmt: skip


@pytest.mark.parametrize("situation", CHANGES)
def test_a_change_is_said_where_it_shows(situation):
    rows, expected = CHANGES[situation]
    assert change.title_of(Language("en"), rows, "none_moved").startswith(expected)
    french = change.title_of(Language("fr"), rows, "none_moved")
    assert numbers_in(french) == numbers_in(expected)
    for code in LANGUAGES:
        for row in rows:
            found = numbers_in(change.sentence(Language(code), row))
            assert len(found) == len(set(found)), "from a number to the same number"


def test_a_school_whose_students_are_withheld_is_among_those_withheld():
    def school(students, percent=None):
        return {
            "antigen": "measles", "age": 7, "students": students, "is_withheld": percent is None,
            "coverage_percent": percent,
        }  # fmt: skip

    found = [school(40, 90.0), school(25), school(None), school(None), school(5, 60.0), school(0)]
    report = report_of(
        "en", goals={("measles", 7): {}}, cohorts=[7], school_year="2018-19", map_category=lambda *values: 3,
        schools_of=lambda phu_id: found,
    )  # fmt: skip
    report.scope = SimpleNamespace(is_unit=True, units=[{"phu_id": "AL"}])
    [drawn] = sections.schools(report).context["figures"]
    assert drawn.title == "At 7, results of schools below the goal: 1; at the goal: 0; of few students: 1; withheld: 3"


def test_doses_that_tie_are_named_or_counted():
    rows = [{"antigen": name, "dose_number": 5} for name in ("diphtheria", "tetanus", "pertussis", "polio")]
    assert beyond.doses_named(Language("en"), rows[:2]) == (
        "dose 5 of diphtheria vaccination and dose 5 of tetanus vaccination"
    )
    assert beyond.doses_named(Language("en"), rows) == "4 doses"
    assert plain(beyond.doses_named(Language("fr"), rows)) == "4 doses"


def test_names_with_commas_of_their_own_are_counted_and_not_listed():
    english = Language("en")
    assert named(english, ["Kingston, Frontenac"], "units") == "Kingston, Frontenac"
    assert named(english, ["Kingston, Frontenac", "Peel"], "units") == "2 units"


def test_a_share_that_is_not_zero_is_not_printed_as_zero():
    said = [plain(summary.of_total(Language("en"), "doses_not_read", count, 56776)) for count in (0, 1, 22, 600)]
    assert said[0] == "All 56,776 recorded doses have a known student and a date."
    assert said[1].startswith("1 of 56,776 recorded doses (under 0.1%) was not read")
    assert said[2].startswith("22 of 56,776 recorded doses (under 0.1%) were not read")
    assert said[3].startswith("600 of 56,776 recorded doses (1.1%) were not read")
    assert "(moins de 0,1 %)" in plain(summary.of_total(Language("fr"), "doses_not_read", 22, 56776))


def test_the_reasons_are_of_an_age_with_students():
    statuses = {"no_record": 2, "no_dose": 3, "doses_refused": 0, "series_incomplete": 1, "exempt_medical": 1}
    rows = [
        unit(None, students, None, antigen=antigen, age=age) | (statuses if students else dict.fromkeys(statuses, 0))
        for antigen, age, students in (("diphtheria", 7, 0), ("measles", 7, 0), ("hpv", 12, 90), ("measles", 12, 80))
    ]
    report = report_of("en", not_up_to_date=rows, coverage_all_ispa=[])
    assert summary.who(report) == [
        "For measles alone at 12, 7 of 80 students are not: no record of any immunization 2; on record, but too few "
        "valid doses 4; exempt 1."
    ]


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_changed_counts_rises_and_falls_as_printed(code, monkeypatch):
    values = {"measles": (90.0, 91.0), "mumps": (90.0, 90.04), "rubella": (90.0, 88.0), "polio": (80.0, 78.0)}
    rows = [unit(after, phu_id=None, antigen=name) for name, (_, after) in values.items()]

    def points(years, measure, age, antigen, phu_ids):
        pair = [unit(value, phu_id=None, antigen=antigen) for value in values[antigen]]
        named = zip(("2017-18", "2018-19"), pair, strict=True)
        return {None: [Point(year, row, "coverage_percent") for year, row in named]}

    monkeypatch.setattr(summary, "series", points)
    report = report_of(code, rows, cohorts=[7], year=SimpleNamespace(is_as_reported=True))
    report.years = [SimpleNamespace(school_year="2017-18"), report.warehouse]
    said = plain(" ".join(summary.changed(report)))
    if code == "en":
        assert said == (
            "Since 2017–18, coverage rose for 1 and fell for 2 of 4 antigens and ages; the largest change is that for "
            "rubella at 7 and polio at 7, by 2.0 points."
        )
    else:
        assert "a augmenté dans 1 cas et diminué dans 2 sur 4 combinaisons" in said and "2,0 points" in said


# Read back from random marts

COMPLETED = """
create or replace table marts.{table} as
select '{build_id}' as build_id, '2018-19' as definitions, rows.* exclude (school_year{goal_columns}), '2018-19' as
    school_year {percents} {goals}
from marts.{table} as rows {join}
"""
PERCENTS = {
    "coverage": {"students_up_to_date": "coverage_percent"},
    "coverage_all_ispa": {"students_up_to_date": "coverage_percent"},
    "series_uptake": {"students_initiated": "initiated_percent", "students_completed": "completed_percent",
                      "students_unimmunized": "unimmunized_percent"},
    "exemptions": {"students_medical": "medical_percent", "students_nonmedical": "nonmedical_percent"},
    "exemptions_any_ispa": {"students_medical": "medical_percent", "students_nonmedical": "nonmedical_percent"},
}  # fmt: skip


def with_percents(connection: duckdb.DuckDBPyConnection) -> None:
    """Adds what random marts lack of the real ones: percents, goals and map categories."""
    [(build_id,)] = connection.execute("select distinct build_id from marts.builds").fetchall()
    for table, columns in PERCENTS.items():
        percents = "".join(f", 100.0 * {count} / nullif(students, 0) as {name}" for count, name in columns.items())
        goals = join = goal_columns = ""
        if table == "coverage":
            goal_columns, join = ", goal_percent, map_category", "left join annex.coverage_goals using (antigen, age)"
            share = "100.0 * students_up_to_date / nullif(students, 0)"
            steps = " + ".join(f"({share} >= category_{n}_from)::int" for n in (2, 3, 4, 5))
            goals = f", coverage_goals.goal_percent, 1 + {steps} as map_category"
        connection.execute(
            COMPLETED.format(
                table=table, build_id=build_id, percents=percents, goals=goals, join=join, goal_columns=goal_columns
            )
        )


@pytest.fixture(scope="module")
def random_file(demonstration, tmp_path_factory):
    path = tmp_path_factory.mktemp("titles") / "random.duckdb"
    shutil.copy(demonstration.warehouse, path)
    return path


def by_value(rows: list[dict], count: str, language: Language) -> dict[str, list[dict]]:
    """The rows of 20 students or more by their percent as printed, lowest first."""
    found: dict[str, list[dict]] = {}
    for row in sorted(rows, key=lambda row: Decimal(row[count]) / max(row["students"], 1)):
        if row["students"] >= 20:
            found.setdefault(percent(row[count], row["students"]), []).append(row)
    return {
        value: sorted(of_value, key=lambda row: sort_key(language.phu(row))) for value, of_value in found.items()
    }


def read_range(title: str, rows: list[dict], count: str, language: Language) -> None:
    """A title that gives the lowest and the highest unit is true of the rows, and so is one that does not."""
    values = by_value(rows, count, language)
    if not values:
        assert not re.search(r"\d%", title) or "overall" in title or "of all students" in title, title
        return
    (low, lowest), *_, (high, highest) = [*values.items(), *values.items()]
    for value, of_value in ((low, lowest), (high, highest)):
        names = [language.phu(row) for row in of_value]
        who = named(language, names, "units")
        if len(values) > 1 and "most frequent" not in title:
            assert f"{value} ({who})" in title, title
    if len(values) == 1:
        assert low in title and (len(lowest) > 1 or language.phu(lowest[0]) in title), title
    elif "most frequent" in title:
        assert f"in {named(language, [language.phu(row) for row in highest], 'units')} ({high})" in title, title
    left_out = any(0 < row["students"] < 20 for row in rows)
    assert ("20 students or more" in title) == left_out, title


@pytest.mark.parametrize("seed", few(range(6), 2))
def test_titles_of_random_marts_are_read_back_from_their_numbers(random_file, seed):
    with duckdb.connect(str(random_file)) as connection:
        write_marts(connection, seed)
        with_percents(connection)
    whole = Warehouse(random_file)
    with whole.connection:
        english, french = (Report(whole, Language(code)) for code in LANGUAGES)
        language, warehouse = english.language, english.warehouse
        titles = {code: titles_of(report) for code, report in zip(LANGUAGES, (english, french), strict=True)}
    assert titles["en"].keys() == titles["fr"].keys()
    for key, title in titles["en"].items():
        assert numbers_in(title) == numbers_in(titles["fr"][key]), (title, titles["fr"][key])
    for key, title in titles["en"].items():
        if len(key) != 2:
            continue
        antigen, age = key
        rows = select(warehouse.coverage, geography="phu", antigen=antigen, age=age)
        read_range(title, rows, "students_up_to_date", language)
        if counted := re.search(r"(\w+) of (\d+) units reach", title):
            enough = [row for row in rows if row["students"] >= 20]
            reached = sum(100 * row["students_up_to_date"] >= row["goal_percent"] * row["students"] for row in enough)
            assert counted[2] == str(len(enough)) and counted[1] == ("one" if reached == 1 else str(reached)), title
    for table, key, count in (
        ("series_uptake", "series", "students_completed"), ("exemptions_any_ispa", "exempt", "students_nonmedical"),
    ):  # fmt: skip
        rows = [row for row in getattr(warehouse, table) if row["phu_id"] and row.get("gender", "all") == "all"]
        for named_by, title in ((name[1:], title) for name, title in titles["en"].items() if name[0] == key):
            of_title = [row for row in rows if (row.get("antigen"), row["age"]) == named_by]
            read_range(title, of_title, count, language)
    goals = [row for row in warehouse.coverage if row["phu_id"] is None and row["goal_percent"]]
    enough = [row for row in goals if row["students"] >= 20]
    reached = sum(100 * row["students_up_to_date"] >= row["goal_percent"] * row["students"] for row in enough)
    if enough and 1 < reached < len(enough):
        assert f"{reached} of {len(enough)} national goals are reached" in titles["en"]["goals"]


def titles_of(report: Report) -> dict:
    """Titles of rankings by antigen and age, of series and exemptions with a word before, and of the first lines."""
    found: dict = {}
    for section in (sections.units(report), sections.series(report), sections.exemptions(report)):
        for choice in section.context["choices"]:
            if section.key == "units":
                antigen, _, age = choice.value.rpartition("-")
                found[antigen, int(age)] = choice.figure.title
            elif section.key == "series":
                antigen, _, age = choice.value.rpartition("-")
                found["series", antigen, int(age)] = choice.figure.title
            else:
                found["exempt", None, int(choice.value)] = choice.figure.title
    found["goals"] = " ".join(summary.goals(report))
    found["where"] = " ".join(summary.where(report))
    found["antigens"] = sections.exemptions(report).context["by_antigen"].title
    return found


# Scope and intervals


def test_the_scope_is_the_units_with_students():
    rows = [{"phu_id": phu_id, "phu_name": phu_id, "students": 0} for phu_id in UNITS]

    def held(*phu_ids, students=5):
        return scope_of([row | {"students": students} if row["phu_id"] in phu_ids else row for row in rows])

    assert held(*UNITS).kind == held().kind == "province"
    assert held("AL").kind == "unit" and held("AL").units == ({"phu_id": "AL", "phu_name": "AL"},)
    assert held("AL", students=None).kind == "unit", "a number that is withheld is not zero"
    assert held().has_all
    some = held("AL", "BR")
    assert some.kind == "units" and some.total == 6 and not some.has_map and held(*UNITS[:4]).has_map


def test_the_few_students_of_a_units_extract_who_go_to_school_elsewhere_do_not_make_it_an_extract_of_some_units():
    sizes = {"AL": 950, "BR": 30, "CK": 20, "DU": 0}
    rows = [{"phu_id": phu_id, "phu_name": phu_id, "students": students} for phu_id, students in sizes.items()]
    one = scope_of(rows)
    assert one.kind == "unit" and one.phu_ids == {"AL"} and one.total == 4 and not one.has_all
    assert {unit["phu_id"] for unit in one.elsewhere} == {"BR", "CK"}
    withheld = scope_of([row | {"students": row["students"] if row["phu_id"] == "AL" else None} for row in rows])
    assert withheld.kind != "unit" and withheld.has_all, "numbers that are withheld may be large"
    two = scope_of([row | {"students": 51} if row["phu_id"] == "BR" else row for row in rows])
    assert two.kind == "units" and two.has_all


def test_intervals_hold_the_percent_and_narrow_with_students():
    generator = random.Random(1)
    for _ in range(200):
        total = generator.randint(1, 3000)
        count = generator.randint(0, total)
        low, high = interval(count, total)
        assert 0 <= low <= 100 * count / total + 1e-9 and 100 * count / total - 1e-9 <= high <= 100
    assert interval(17, 20)[1] - interval(17, 20)[0] > 2 * (interval(170, 200)[1] - interval(170, 200)[0])
    # Of 10 in 10, Wilson: 10 / (10 + 1.96²).
    assert interval(10, 10)[0] == pytest.approx(100 * 10 / (10 + 1.959964**2), abs=0.01)
    assert interval_of(unit(90.0, withheld=True), "coverage_percent") is None
    assert interval_of(unit(None, 0), "coverage_percent") is None
    assert overlapping(units(90.0, 89.0, 20.0), "coverage_percent") == (1, 2)


def told_of(title: str, rows: list[dict], language: Language) -> list[dict]:
    """The rows whose antigen and age a title names."""
    return [
        row for row in rows
        if re.search(rf"\b{language.antigen(row['antigen'], 'of')}\b", title, re.I)
        and re.search(rf"\bat {row['age']}\b", title, re.I)
    ]  # fmt: skip


def gives(title: str, row: dict, base: str, *counts: str) -> bool:
    """Whether the percents of a title are these of the row's `base`, 20 or more."""
    shares = [percent(row[count], row[base]) for count in counts] if (row[base] or 0) >= 20 else None
    return shares is not None and sorted(share.rstrip("%") for share in shares) == numbers_in(title)


ALL_FEW = "Every percent here is of fewer than 20 students or doses"
MISSING = ("exempt_not_counted", "exempt_medical", "exempt_nonmedical", "no_record", "no_dose", "doses_refused",
           "series_incomplete")  # fmt: skip


class ProvinceRows:
    """The province's rows of the marts, put together without the report's code."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def rows(self, query: str) -> list[dict]:
        found = self.connection.execute(query)
        names = [name for name, *_ in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def of(self, mart: str) -> list[dict]:
        return self.rows(f"select * from marts.{mart} where geography = 'province'")

    def reasons(self) -> list[dict]:
        counted = "coalesce(sum(students) filter (status = '{0}'), 0)::int as {0}"
        statuses = ", ".join(counted.format(name) for name in MISSING)
        return self.rows(
            f"select age, antigen, sum(students)::int as students, {statuses} from marts.not_up_to_date_reasons "
            "where geography = 'province' group by age, antigen"
        )

    def exempt(self) -> list[dict]:
        return self.rows(
            "select age, antigen, sum(students)::int as students, "
            "coalesce(sum(students) filter (is_up_to_date), 0)::int as up_to_date "
            "from marts.exemptions_by_status where geography = 'province' and exemption <> 'none' "
            "group by age, antigen"
        )

    def in_time(self) -> dict:
        [row] = self.rows(
            "select coalesce(sum(doses) filter (delay <> 'not_recorded'), 0)::int as doses, coalesce(sum(doses) filter "
            "(delay in ('within_7_days', 'within_30_days', 'before_the_dose')), 0)::int as in_time, sum(doses)::int as "
            "all_doses from marts.reporting where geography = 'province' and is_of_school_year"
        )
        return row


def read_beyond(titles: dict[str, str], province: ProvinceRows, language: Language) -> None:
    """Each title of the chapter beyond coverage is true of the province's rows in the marts."""

    def is_of_one(key: str, rows: list[dict], base: str, *counts: str) -> None:
        assert any(gives(titles[key], row, base, *counts) for row in told_of(titles[key], rows, language)), titles[key]

    def has_enough(rows: list[dict], base: str) -> bool:
        return any((row[base] or 0) >= 20 for row in rows)

    rows = province.reasons()
    if titles["reasons"] == "Every student is up to date for every antigen":
        assert not any(row[status] for row in rows if row["students"] >= 20 for status in MISSING)
    elif titles["reasons"] == ALL_FEW:
        assert not has_enough(rows, "students")
    else:
        is_of_one("reasons", rows, "students", "no_record", "doses_refused")

    rows = province.exempt()
    if titles["exempt"] == "No student has an exemption":
        assert not any(row["students"] for row in rows)
    elif titles["exempt"] == ALL_FEW:
        assert not has_enough(rows, "students")
    else:
        is_of_one("exempt", rows, "students", "up_to_date")

    doses = province.of("dose_coverage")
    fewest = [row for row in doses if row["is_fewest_asked"]]
    if titles["doses"] == ALL_FEW:
        assert not has_enough(fewest, "students")
    else:
        is_of_one("doses", fewest, "students", "students_recorded", "students_valid")

    rows = province.of("coverage_within_reach")
    counts = ("students_up_to_date", "students_up_to_date_without_missed")
    if titles["reach"] == ALL_FEW:
        assert not has_enough(rows, "students")
    elif titles["reach"].endswith("the same for every antigen"):
        assert all(
            percent(row[counts[0]], row["students"]) == percent(row[counts[1]], row["students"])
            for row in rows if row["students"] >= 20
        )  # fmt: skip
    else:
        is_of_one("reach", rows, "students", *counts)

    rows, base = province.of("missed_visits"), "students_with_eligible_visit"
    if titles["missed"] == "Nobody had a missed visit":
        assert not any(row["students_missed"] for row in rows)
    elif titles["missed"] == ALL_FEW:
        assert not has_enough(rows, base)
    else:
        is_of_one("missed", rows, base, "students_missed", "students_uncorrected")

    told = province.in_time()
    if "reporting" in titles and titles["reporting"] == "No dose of the school year has a recorded date":
        assert not told["doses"] and told["all_doses"]
    elif "reporting" in titles:
        assert titles["reporting"].startswith(f"{percent(told['in_time'], told['doses'])} of the doses")

    for key, rows, base, count, end in (
        ("dropout", [row for row in doses if row["dropout_percent"] is not None], "students_eligible",
         "students_dropped_out", max),
        ("timeliness", [row | {"by_age": row["students_early"] + row["students_timely"]}
                        for row in province.of("timeliness")], "students", "by_age", min),
    ):  # fmt: skip
        for name in (name for name in titles if name.startswith(f"{key}-")):
            age = int(name.rpartition("-")[2])
            read_extreme(titles[name], [row for row in rows if row["age"] == age], base, count, end, language)


def read_extreme(title: str, rows: list[dict], base: str, count: str, end: Callable, language: Language) -> None:
    """The title gives the highest share of the doses of an age, or the lowest by `min`, and names or counts those."""
    shares: dict[Decimal, set] = {}
    for row in rows:
        if (row[base] or 0) >= 20:
            share = Decimal(percent(row[count], row[base]).rstrip("%"))
            shares.setdefault(share, set()).add((row["antigen"], row["dose_number"]))
    if not shares:
        assert title == ALL_FEW
    elif end is max and end(shares) == 0:
        assert title.startswith("Nobody drops out"), title
    else:
        tied = shares[end(shares)]
        assert f"{end(shares)}%" in title, title
        if len(tied) > 3:
            assert f"{len(tied)} doses" in title, title
        else:
            assert all(f"dose {dose} of {language.antigen(antigen, 'of')}" in title for antigen, dose in tied), title


def read_first_screen(lines: dict[str, list[str]], province: ProvinceRows, language: Language) -> None:
    """Who is missing and how far to trust the data, beside the marts; the other lines are read with the rankings."""
    who = " ".join(lines.get("who", []))
    ages = [row for row in province.of("coverage_all_ispa") if row["students"] >= 20]
    if ages:
        row = min(ages, key=lambda row: row["age"])
        shown = Decimal(percent(row["students_up_to_date"], row["students"]).rstrip("%"))
        assert f"At {row['age']}, {100 - shown}% of students are not up to date for every" in who
    else:
        assert "of students are not up to date" not in who
    if told := re.search(r"For .+ alone at (\d+), ([\d,]+) of ([\d,]+) students (?:is|are) not: (.+?)\.", who):
        age, missing, students, reasons = (value.replace(",", "") for value in told.groups())
        assert int(students), who
        groups = [int(number) for number in re.findall(r" (\d+)(?:;|$)", reasons)]
        assert any(
            row["age"] == int(age) and row["students"] == int(students) and sum(groups) == int(missing)
            and groups == [row["no_record"], row["no_dose"] + row["doses_refused"] + row["series_incomplete"],
                           row["exempt_not_counted"] + row["exempt_medical"] + row["exempt_nonmedical"]]
            for row in told_of(told[0], province.reasons(), language)
        ), who  # fmt: skip
    trust = lines["trust"]
    checks = {row["check"]: row for row in province.rows("select * from marts.data_quality")}
    for what, names in (("recorded doses", summary.NOT_READ["doses_not_read"]),
                        ("packed histories", summary.NOT_READ["histories_not_read"])):  # fmt: skip
        rows = [checks[name] for name in names]
        failed, total = sum(row["rows_failed"] for row in rows), rows[0]["rows_checked"]
        said = [sentence for sentence in trust if what in sentence]
        assert len(said) == bool(total)
        if total:
            assert said[0].startswith(f"{failed:,} of {total:,} {what}" if failed else f"All {total:,} {what}"), said
        if failed:
            share = percent(failed, total)
            assert f"({'under 0.1%' if share == '0.0%' else share})" in said[0], said
    matter = sum(
        row["outcome"] in ("warned", "accepted", "failed") and row["changes_numbers"] for row in checks.values()
    )
    number = {0: "No warning", 1: "One warning"}.get(matter, f"{matter} warnings")
    assert any(sentence.startswith(f"{number} about the extracts") for sentence in trust), trust


@pytest.mark.parametrize("seed", few(range(8), 2))
def test_titles_beyond_coverage_and_the_first_screen_are_read_back_from_random_marts(random_file, seed):
    with duckdb.connect(str(random_file)) as connection:
        write_marts(connection, seed)
        with_percents(connection)
        write_indicators(connection, seed)
    whole = Warehouse(random_file)
    titles, lines = {}, {}
    with whole.connection:
        for code in LANGUAGES:
            report = Report(whole, Language(code))
            context = beyond.beyond(report).context
            by_age = [choice.figure for _, panels in context["by_age"] for choice in panels]
            titles[code] = {f.key.removeprefix("beyond-"): f.title for f in [*context["figures"], *by_age]}
            lines[code] = {line.key: line.sentences for line in summary.summary(report).context["lines"]}
        english = Report(whole, Language("en")).language
    assert titles["en"].keys() == titles["fr"].keys() and lines["en"].keys() == lines["fr"].keys()
    for key, title in titles["en"].items():
        assert numbers_in(title) == numbers_in(titles["fr"][key]), (title, titles["fr"][key])
    for key, sentences in lines["en"].items():
        assert numbers_in(" ".join(sentences)) == numbers_in(" ".join(lines["fr"][key])), sentences
    with duckdb.connect(str(random_file), read_only=True) as connection:
        province = ProvinceRows(connection)
        read_beyond(titles["en"], province, english)
        read_first_screen(lines["en"], province, english)
