"""The measures that a reader of the explorer can choose."""

from __future__ import annotations

from dataclasses import dataclass

from immunization_coverage.report.warehouse import Warehouse, select


@dataclass(frozen=True)
class Measure:
    """A percent of a mart: its table, the columns of numerator and percent, and whether its rows are of an antigen."""

    key: str
    table: str
    count: str
    percent: str
    by_antigen: bool = True
    more_is_better: bool = True

    def rows(self, warehouse: Warehouse, age: int, antigen: str | None) -> list[dict]:
        """One row for the province and one for each public health unit."""
        found = select(getattr(warehouse, self.table), age=age)
        if self.by_antigen:
            found = select(found, antigen=antigen)
        return [row for row in found if row.get("gender", "all") == "all"]

    def ages(self, warehouse: Warehouse) -> list[int]:
        return sorted({row["age"] for row in getattr(warehouse, self.table)})

    def antigens(self, warehouse: Warehouse, age: int) -> list[str | None]:
        if not self.by_antigen:
            return [None]
        return list(dict.fromkeys(row["antigen"] for row in select(getattr(warehouse, self.table), age=age)))


COVERAGE = Measure("coverage", "coverage", "students_up_to_date", "coverage_percent")
MEASURES = [
    COVERAGE,
    Measure("all_ispa", "coverage_all_ispa", "students_up_to_date", "coverage_percent", by_antigen=False),
    Measure("initiated", "series_uptake", "students_initiated", "initiated_percent"),
    Measure("completed", "series_uptake", "students_completed", "completed_percent"),
    Measure("unimmunized", "series_uptake", "students_unimmunized", "unimmunized_percent", more_is_better=False),
    Measure("nonmedical", "exemptions", "students_nonmedical", "nonmedical_percent", more_is_better=False),
    Measure("medical", "exemptions", "students_medical", "medical_percent", more_is_better=False),
    Measure(
        "any_nonmedical",
        "exemptions_any_ispa",
        "students_nonmedical",
        "nonmedical_percent",
        False,
        more_is_better=False,
    ),
    Measure("any_medical", "exemptions_any_ispa", "students_medical", "medical_percent", False, more_is_better=False),
    Measure("without_missed", "within_reach", "students_up_to_date_without_missed", "coverage_without_missed_percent"),
    Measure("missed", "missed_visits", "students_missed", "students_missed_percent", more_is_better=False),
    Measure("with_grace", "within_reach", "students_up_to_date_with_grace", "coverage_with_grace_percent"),
    Measure("no_record", "not_up_to_date", "no_record", "no_record_percent", more_is_better=False),
    Measure("no_dose", "not_up_to_date", "no_dose", "no_dose_percent", more_is_better=False),
    Measure("doses_refused", "not_up_to_date", "doses_refused", "doses_refused_percent", more_is_better=False),
    Measure(
        "series_incomplete", "not_up_to_date", "series_incomplete", "series_incomplete_percent", more_is_better=False
    ),
    Measure("without_dtp", "zero_dose", "students_without_dtp", "without_dtp_percent", False, more_is_better=False),
    Measure("without_dose", "zero_dose", "students_without_dose", "without_dose_percent", False, more_is_better=False),
]
