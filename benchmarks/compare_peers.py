#!/usr/bin/env python3
"""Holds a peer's measures to the marts of a warehouse built from the same extracts: every row, every count.

    compare_peers.py WAREHOUSE FOLDER

FOLDER holds one Parquet file per table of MEASURES, as the peers write them. Exit status 1 where anything differs.
"""

import sys
from pathlib import Path

import duckdb

PLACE = ("geography", "phu_id")
COUNTS_OF_EXEMPTIONS = ("students", "students_medical", "students_nonmedical")
# Each mart's key and its counts. Percents, goals and names follow from these.
MEASURES = {
    "coverage": (*PLACE, "age", "antigen", "students", "students_up_to_date"),
    "coverage_all_ispa": (*PLACE, "age", "students", "students_up_to_date"),
    "series_uptake": (
        *PLACE, "age", "antigen", "gender", "students", "students_initiated", "students_completed",
        "students_unimmunized",
    ),
    "exemptions": (*PLACE, "age", "antigen", *COUNTS_OF_EXEMPTIONS),
    "exemptions_any_ispa": (*PLACE, "age", *COUNTS_OF_EXEMPTIONS),
    "school_assignment": ("age", "kind", "name", "students", "records"),
}


def differences(warehouse: Path, folder: Path) -> list[str]:
    """A sentence for each table whose rows are not the mart's; none where all agree."""
    found = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for name, columns in MEASURES.items():
            mart = f"select {', '.join(columns)} from marts.{name}"
            path = str(folder / f"{name}.parquet").replace("'", "''")
            peer = f"select {', '.join(columns)} from read_parquet('{path}')"
            rows = connection.execute(f"select count(*) from ({mart})").fetchall()[0][0]
            missing = connection.execute(f"{mart} except all {peer}").fetchall()
            foreign = connection.execute(f"{peer} except all {mart}").fetchall()
            if missing or foreign or not rows:
                found.append(
                    f"marts.{name} ({rows} rows): {len(missing)} rows that the peer lacks, such as {missing[:2]}; "
                    f"{len(foreign)} rows that only the peer has, such as {foreign[:2]}"
                )
    return found


if __name__ == "__main__":
    different = differences(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(different) or "The peer agrees with every row.")
    sys.exit(1 if different else 0)
