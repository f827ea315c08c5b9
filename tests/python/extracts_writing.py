"""Small extracts that tests write, one fault each, and what a reading of them gives."""

from pathlib import Path

import duckdb

from immunization_coverage.extracts.columns import COLUMNS

HEADERS = {name: required for name, (required, _) in COLUMNS.items()}
ROWS = {
    "clients": [["0000000001", "2011-01-02", "F", "Active"], ["0000000002", "2006-01-02", "M", "Active"]],
    "schools": [
        ["000118", "Birch Hollow", "elementary school", "Peel"],
        ["002207", "Érable", "secondary school", "Ottawa"],
    ],
    "education_records": [
        ["E1", "0000000001", "000118", "2018-09-04", ""],
        ["E2", "0000000002", "002207", "2018-09-04", ""],
    ],
    "immunizations": [
        ["I1", "0000000001", "MMR", "2012-03-02", "Priorix"],
        ["I2", "0000000001", "Var", "2012-03-02", ""],
        ["I3", "0000000002", "MMR", "2007-03-02", ""],
    ],
    "exemptions": [["X1", "0000000002", "Measles (M)", "Philosophical reason", "2015-03-02", ""]],
}


def table(name: str, delimiter: str = ",", rows: list[list[str]] | None = None) -> str:
    """An extract as text, its header first."""
    return "".join(delimiter.join(row) + "\n" for row in [HEADERS[name], *(ROWS[name] if rows is None else rows)])


def write_extracts(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ROWS:
        (folder / f"{name}.csv").write_text(table(name), encoding="utf-8")
    return folder


def rows_read(output: Path, name: str) -> list[list[str]]:
    """The contract's required columns of a prepared extract as text."""
    columns = ", ".join(f"coalesce(cast({column} as varchar), '')" for column in HEADERS[name])
    return [
        list(row) for row in duckdb.sql(f"select {columns} from read_parquet('{output / name}.parquet')").fetchall()
    ]


def notes_read(output: Path) -> set[tuple[str, str]]:
    """What the reading notes: file and kind."""
    return set(duckdb.sql(f"select file, kind from read_parquet('{output}/reading_notes.parquet')").fetchall())
