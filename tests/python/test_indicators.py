"""The indicators of doses and visits, held against a second computation in every row."""

import indicators_reading as reading
import pytest
from conftest import ONLY_TABLES, ROOT, Build, long, run_dbt
from random_extracts import write_extracts

DEMONSTRATION = ROOT / "seeds" / "extracts"
PLACE = ("geography", "coalesce(phu_name, '')", "age", "antigen")
COLUMNS = {
    "dose_coverage": (
        *PLACE, "dose_number", "students_eligible", "students_dropped_out", "dropout_percent",
        "students_eligible_from_first", "students_dropped_out_from_first", "dropout_from_first_percent",
    ),
    "timeliness": (
        *PLACE, "schedule", "dose_number", "recommended_at", "students", "students_early", "students_timely",
        "students_late", "students_without_dose", "timely_percent", "by_recommended_age_percent",
    ),
    "coverage_by_age_in_months": (
        "age", "antigen", "schedule", "dose_number", "age_in_months", "students", "students_with_dose",
        "coverage_percent",
    ),
    "missed_visits": (
        *PLACE, "visits_eligible", "visits_missed", "visits_missed_percent", "students_with_eligible_visit",
        "students_missed", "students_missed_percent", "students_corrected", "students_uncorrected", "corrected_percent",
        "uncorrected_percent",
    ),
    "coverage_within_reach": (
        *PLACE, "students", "students_up_to_date", "students_up_to_date_without_missed",
        "students_up_to_date_with_grace",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def pupils() -> list[reading.Pupil]:
    return reading.read_pupils(DEMONSTRATION)


@pytest.mark.parametrize("table", COLUMNS)
def test_every_row_agrees_with_a_second_computation(table, demonstration: Build, pupils):
    assert_agree(table, demonstration, pupils)


@long
def test_every_row_of_random_histories_agrees_with_a_second_computation(tmp_path):
    write_extracts(tmp_path / "extracts", seed=5, students=1500)
    build = run_dbt(
        "build", *ONLY_TABLES, "--select", "+students", *(f"+{table}" for table in COLUMNS),
        warehouse=tmp_path / "warehouse.duckdb", extracts=tmp_path / "extracts",
    )  # fmt: skip
    assert build.returncode == 0, build.output
    # Who is a student, and where, is the matter of another test.
    students = build.rows("select client_id, gender, phu_name from assessment.students")
    pupils = reading.read_pupils(tmp_path / "extracts", students={row[0]: row[1:] for row in students})
    for table in COLUMNS:
        assert_agree(table, build, pupils)


def assert_agree(table: str, build: Build, pupils: list[reading.Pupil]) -> None:
    expected = rounded(getattr(reading, table)(pupils))
    found = rounded(build.rows(f"select {', '.join(COLUMNS[table])} from marts.{table}"))
    assert sorted(found - expected, key=str)[:3] == sorted(expected - found, key=str)[:3] == [], table


def rounded(rows: list[tuple]) -> set[tuple]:
    found = {tuple(round(value, 9) if isinstance(value, float) else value for value in row) for row in rows}
    assert len(found) == len(rows)
    return found
