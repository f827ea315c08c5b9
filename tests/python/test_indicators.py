"""The indicators of doses and visits, held against a second computation in every row."""

import indicators_reading as reading
import pytest
from conftest import ROOT, Build

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
    expected = rounded(getattr(reading, table)(pupils))
    found = rounded(demonstration.rows(f"select {', '.join(COLUMNS[table])} from marts.{table}"))
    assert sorted(found - expected, key=str)[:3] == sorted(expected - found, key=str)[:3] == []


def rounded(rows: list[tuple]) -> set[tuple]:
    found = {tuple(round(value, 9) if isinstance(value, float) else value for value in row) for row in rows}
    assert len(found) == len(rows)
    return found
