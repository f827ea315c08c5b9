"""Errors with sentences in the report's texts, so that a page can show them in its language."""

from typing import Any

from immunization_coverage.report.language import Language


class ReportError(Exception):
    """An error for the user: `errors.<key>` of report/texts, filled in with `values`. `str()` gives it in English."""

    def __init__(self, key: str, **values: Any):
        super().__init__(key, values)
        self.key = key
        self.values = values

    def sentence(self, language: Language) -> str:
        return language(f"errors.{self.key}", **self.values)

    def __str__(self) -> str:
        return self.sentence(Language("en"))


class WarehouseError(ReportError):
    """The warehouse cannot be read, or lacks what is read from it."""


class BoundariesError(ReportError):
    """The boundary file cannot be drawn."""
