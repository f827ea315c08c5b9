#!/usr/bin/env python3
"""Compares a peer's tables with those of a warehouse built from the same extracts: every row, both ways.

    compare_peers.py WAREHOUSE FOLDER [--rows]

FOLDER holds one Parquet file (or a folder of them) per table of MEASURES, and with --rows of ROWS, as the peers write
them. Exit status 1 if anything differs. Prints how many rows differ, never which: they are health data.
"""

import argparse
import sys
from pathlib import Path

import duckdb

PLACE = ("geography", "phu_id")
COUNTS_OF_EXEMPTIONS = ("students", "students_medical", "students_nonmedical")
# Each mart's key and its counts. Percents, goals and names follow from these.
MEASURES = {
    "marts.coverage": (*PLACE, "age", "antigen", "students", "students_up_to_date"),
    "marts.coverage_all_ispa": (*PLACE, "age", "students", "students_up_to_date"),
    "marts.series_uptake": (
        *PLACE, "age", "antigen", "gender", "students", "students_initiated", "students_completed",
        "students_unimmunized",
    ),
    "marts.exemptions": (*PLACE, "age", "antigen", *COUNTS_OF_EXEMPTIONS),
    "marts.exemptions_any_ispa": (*PLACE, "age", *COUNTS_OF_EXEMPTIONS),
    "marts.school_assignment": ("age", "kind", "name", "students", "records"),
}
ROWS = {
    "assessment.students": ("client_id", "age", "phu_name", "education_record_id", "assignment_decision"),
    "assessment.student_antigens": (
        "client_id", "age", "antigen", "valid_doses", "has_any_dose", "has_valid_dose", "is_up_to_date_by_doses",
        "has_evidence_of_immunity", "is_up_to_date",
    ),
    "assessment.doses": (
        "client_id", "antigen", "schedule", "immunization_id", "administered_date", "is_valid", "dose_number", "reason",
    ),
    "assessment.student_exemptions": (
        "client_id", "age", "antigen", "has_medical_exemption", "has_nonmedical_exemption",
    ),
}
# DuckDB uses a temporary folder beyond this limit.
MEMORY_LIMIT = "4GB"


def tables(rows: bool) -> dict[str, tuple[str, ...]]:
    return MEASURES | (ROWS if rows else {})


def files(folder: Path, table: str) -> str:
    """The peer's file or files of a table, as a SQL text."""
    name = table.partition(".")[2]
    path = folder / name / "*.parquet" if (folder / name).is_dir() else folder / f"{name}.parquet"
    return "'" + str(path).replace("'", "''") + "'"


def differences(warehouse: Path, folder: Path, rows: bool = False) -> list[str]:
    """A sentence for each table whose rows differ from the warehouse's, repeated rows included; none if all agree."""
    found = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set temp_directory = '" + str(folder / "comparing.tmp").replace("'", "''") + "'")
        for table, columns in tables(rows).items():
            # One aggregation, which can use the disk, instead of `except all` in both directions.
            expected, missing, foreign = connection.execute(f"""
                with counted as (
                    select sum(expected) as expected, sum(expected) - sum(found) as difference
                    from (
                        select {', '.join(columns)}, 1 as expected, 0 as found from {table}
                        union all
                        select {', '.join(columns)}, 0, 1 from read_parquet({files(folder, table)})
                    )
                    group by {', '.join(columns)}
                )
                select coalesce(sum(expected), 0), sum(greatest(difference, 0)), sum(greatest(-difference, 0))
                from counted
            """).fetchall()[0]
            if missing or foreign or not expected:
                found.append(f"{table}: {expected} rows expected, {missing} of them missing, {foreign} not expected")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare a peer's tables with those of a warehouse.")
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", action="store_true", help="the person-level tables too")
    different = differences(**vars(parser.parse_args()))
    print("\n".join(different) or "The peer agrees with every row.")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
