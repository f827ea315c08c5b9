"""Columns whose name says that a row may not be in force: which a file has, and which rows they take out of force."""

import duckdb

from extracts.notes import Notes
from extracts.parts import Part


def extra_columns(extract_name: str, headers: list[str]) -> dict[str, int]:
    """Places of headers beyond the contract's to be read too, by the name that each column gets in `Part.path`."""
    return {}


def not_in_force(
    connection: duckdb.DuckDBPyConnection, extract_name: str, parts: list[Part], notes: Notes
) -> list[str | None]:
    """SQL over each part's Parquet file for the text of `not_in_force` (null: in force), or None where it has none.

    Raises ExtractsError where a column needs the user's word.
    """
    return [None for _ in parts]
