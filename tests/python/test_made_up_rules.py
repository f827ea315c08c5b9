"""An antigen and a full cohort that the annex does not have, from rows of seeds and one text per language alone."""

import csv
import datetime
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import made_up_rules
import pytest
from conftest import ROOT, Build, copy_project, long, run_dbt
from made_up_rules import AGENTS, AGES, ANTIGEN, COHORT, LABEL
from test_metrics import query

from immunization_coverage.report import document, language
from immunization_coverage.report.language import LANGUAGES
from immunization_coverage.report.measures import COVERAGE
from immunization_coverage.report.warehouse import Warehouse, only
from immunization_coverage.rules.check import is_day

# Days after birth on which a client has a dose, by the last digit of the client's id.
GIVEN = {digit: days for digits, days in {
    "0123": (60, 90), "45": (60, 70), "6": (60, 70, 100), "7": (30,), "89": (),
}.items() for digit in digits}  # fmt: skip
UP_TO_DATE, INITIATED, EXEMPT = "01236", "0123456", "9"
# Clients whose birth is written otherwise have none, nor an exemption.
NOT_GIVEN = "-"
UNIMMUNIZED = f"89{NOT_GIVEN}"


@dataclass
class MadeUp:
    build: Build
    texts: Path
    given: set[str]

    def digit(self, client_id: str) -> str:
        return client_id[-1] if client_id in self.given else NOT_GIVEN

    def students(self, age: str) -> list[str]:
        """The last digit of each student's id."""
        rows = self.build.rows(f"select client_id from assessment.students where age = {age}")
        return [self.digit(client_id) for (client_id,) in rows]

    def counted(self, age: str, digits: str) -> int:
        return sum(digit in digits for digit in self.students(age))


def births(extracts: Path) -> Iterator[tuple[str, datetime.date]]:
    """Of the clients whose id ends in a digit and whose birth is a plain date."""
    with (extracts / "clients.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["client_id"].strip(): row["date_of_birth"] for row in csv.DictReader(file)}
    for client_id, born in rows.items():
        if client_id[-1:].isdigit() and born.startswith("20") and is_day(born):
            yield client_id, datetime.date.fromisoformat(born)


def give(extracts: Path) -> set[str]:
    """Doses of the made-up antigen, and exemptions from it; who has been given any or none by the digits."""
    clients = list(births(extracts))
    with (extracts / "immunizations.csv").open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for client_id, born in clients:
            for number, days in enumerate(GIVEN[client_id[-1]]):
                day = born + datetime.timedelta(days=days)
                agent = AGENTS[number % len(AGENTS)]
                writer.writerow([f"ROTA{client_id}{number}", client_id, agent, day, "", "", "phone", day])
    with (extracts / "exemptions.csv").open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for client_id, _ in clients:
            if client_id[-1] in EXEMPT:
                writer.writerow([f"ROTA{client_id}", client_id, LABEL, "Philosophical reason", "2018-01-01", ""])
    return {client_id for client_id, _ in clients}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> MadeUp:
    folder = tmp_path_factory.mktemp("made_up")
    project, texts = copy_project(folder / "project"), folder / "texts"
    shutil.copytree(ROOT / "report" / "texts", texts)
    made_up_rules.add_antigen(project / "seeds", texts)
    made_up_rules.add_cohort(project / "seeds")
    given = give(project / "seeds" / "extracts")
    build = run_dbt(
        "build", warehouse=folder / "demonstration.duckdb", project=project, DBT_WRITE_JSON="true",
        # The made-up cohort has as few students as any other age.
        ACCEPT="students_of_an_age_missing",
    )
    assert build.returncode == 0, build.output[-4000:]
    return MadeUp(build, texts, given)


@pytest.mark.parametrize("age", AGES)
@long
def test_coverage_series_and_exemptions_count_the_made_up_antigen(made_up, age):
    of = f"where geography = 'province' and age = {age} and antigen = '{ANTIGEN}'"
    students = len(made_up.students(age))
    assert students > 50
    up_to_date = made_up.counted(age, UP_TO_DATE)
    assert made_up.build.rows(f"select students, students_up_to_date, goal_percent from marts.coverage {of}") == [
        (students, up_to_date, 50)
    ]
    assert made_up.build.rows(
        f"select students, students_initiated, students_completed, students_unimmunized from marts.series_uptake {of} "
        "and gender = 'all'"
    ) == [(students, made_up.counted(age, INITIATED), up_to_date, made_up.counted(age, UNIMMUNIZED))]
    assert made_up.build.rows(f"select students_medical, students_nonmedical from marts.exemptions {of}") == [
        (0, made_up.counted(age, EXEMPT))
    ]


@pytest.mark.parametrize("age", AGES)
@long
def test_who_is_not_up_to_date_has_a_next_dose(made_up, age):
    found = made_up.build.rows(
        "select client_id, dose_number, agent from assessment.next_doses "
        f"where age = {age} and antigen = '{ANTIGEN}'"
    )
    digits = {digit for digit in (*GIVEN, NOT_GIVEN) if digit not in UP_TO_DATE}
    assert {(made_up.digit(client_id), *dose) for client_id, *dose in found} == {
        (digit, 2 if digit in INITIATED else 1, AGENTS[0]) for digit in digits & set(made_up.students(age))
    }
    assert len(found) == len(made_up.students(age)) - made_up.counted(age, UP_TO_DATE)


@long
def test_doses_are_timely_by_the_made_up_recommended_ages_and_counted_by_birthday(made_up):
    [(early, timely, late)] = made_up.build.rows(
        "select students_early, students_timely, students_late from marts.timeliness where geography = 'province' "
        f"and age = 7 and antigen = '{ANTIGEN}' and dose_number = 1"
    )
    # Sixty days are two months less a day or two.
    assert early + timely == made_up.counted("7", INITIATED) and late == 0
    assert made_up.build.rows(
        "select distinct students_up_to_date from marts.coverage_by_birthday where geography = 'province' and age = 7 "
        f"and antigen = '{ANTIGEN}'"
    ) == [(made_up.counted("7", UP_TO_DATE),)]


@long
def test_the_made_up_cohort_is_counted_as_its_student_antigens_are(made_up):
    [(students, up_to_date)] = made_up.build.rows(
        "select students, students_up_to_date from marts.coverage_all_ispa "
        f"where geography = 'province' and age = {COHORT}"
    )
    by_student = made_up.build.rows(
        "select count(*), count(*) filter (is_up_to_date) from ("
        "select client_id, bool_and(is_up_to_date) as is_up_to_date from assessment.student_antigens "
        f"inner join annex.assessed_antigens using (antigen, age) where age = {COHORT} and is_in_all_ispa_coverage "
        "group by client_id)"
    )
    assert by_student == [(students, up_to_date)] and 0 < up_to_date < students
    assert made_up.build.rows(
        f"select count(goal_percent) from marts.coverage where geography = 'province' and age = {COHORT}"
    ) == [(10,)]


@pytest.mark.parametrize("age", AGES)
@long
def test_the_release_has_cells_of_the_made_up_antigen_and_prints_what_they_count(made_up, age):
    cells = {
        column: counted
        for column, counted in made_up.build.rows(
            f"select column_name, counted from intermediate.int_release_cells where age = {age} and unit = 'province'"
        )
    }
    assert cells[f"coverage/{ANTIGEN}"] == made_up.counted(age, UP_TO_DATE)
    assert cells[f"initiation/{ANTIGEN}"] == made_up.counted(age, INITIATED)
    assert cells[f"unimmunized/{ANTIGEN}"] == made_up.counted(age, UNIMMUNIZED)
    assert cells[f"nonmedical_exemption/{ANTIGEN}"] == made_up.counted(age, EXEMPT)
    for measure, counted, reason in made_up.build.rows(
        "select measure, students_counted, withheld_reason from published.measures "
        f"where geography = 'province' and age = {age} and antigen = '{ANTIGEN}' and gender = 'all'"
    ):
        digits = {"coverage": UP_TO_DATE, "initiation": INITIATED, "completion": UP_TO_DATE, "unimmunized": UNIMMUNIZED,
                  "nonmedical_exemption": EXEMPT, "medical_exemption": ""}[measure]  # fmt: skip
        assert counted == made_up.counted(age, digits) or (counted is None and reason), measure


@long
def test_metrics_have_the_made_up_antigen(made_up, tmp_path):
    rows = query(made_up.build, tmp_path, {"by_age": (("coverage",), "age,antigen")}, {})["by_age"]
    of_antigen = {row["age"]: float(row["coverage"]) for row in rows if row["antigen"] == ANTIGEN}
    assert of_antigen.keys() == set(AGES)
    for age, percent in of_antigen.items():
        assert percent == pytest.approx(100 * made_up.counted(age, UP_TO_DATE) / len(made_up.students(age)))


@pytest.mark.parametrize("code", LANGUAGES)
@long
def test_report_and_explorer_show_the_made_up_antigen_and_cohort(made_up, monkeypatch, code):
    monkeypatch.setattr(language, "FOLDER", made_up.texts)
    warehouse = Warehouse(made_up.build.warehouse)
    page = document.render(warehouse, code)
    for age in AGES:
        row = only(warehouse.coverage, geography="province", antigen=ANTIGEN, age=int(age))
        assert row["students_up_to_date"] == made_up.counted(age, UP_TO_DATE)
        assert f'id="units-{ANTIGEN}-{age}"' in page and f'id="series-{ANTIGEN}-{age}"' in page
        assert ANTIGEN in COVERAGE.antigens(warehouse, int(age))
    for figure in (f"province-{COHORT}", f"matrix-{COHORT}", f"exemptions-{COHORT}", f"rules-{ANTIGEN}"):
        assert f'id="{figure}"' in page, figure
    assert warehouse.cohorts == [7, 12, 14, 17]
