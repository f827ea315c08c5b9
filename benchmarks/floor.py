#!/usr/bin/env python3
"""The floor: what DuckDB needs to load the five extracts into a database file and to group the doses by client.

    floor.py EXTRACTS DATABASE ['{"threads": 2, "memory_limit": "8GB"}']

A build on DuckDB has to read its input, to keep it, and to bring each client's doses together; the floor does that
and nothing else, in the statements of FLOOR_SQL. EXTRACTS is a folder of Parquet extracts, DATABASE a file that does
not exist yet, the third argument DuckDB's settings. Prints one line of JSON: the seconds from opening the database to
having it closed on disk, and those of each statement.
"""

import json
import sys
import time
from pathlib import Path

import duckdb

EXTRACTS = ("clients", "schools", "education_records", "immunizations", "exemptions")

FLOOR_SQL = {
    name: f"create table {name} as select * from read_parquet('{{folder}}/{name}{{suffix}}.parquet')"
    for name in EXTRACTS
}
FLOOR_SQL["doses_by_client"] = (
    "create table doses_by_client as select client_id, count(*) as doses from immunizations group by client_id"
)


def run(folder: Path, database: Path, settings: dict) -> dict:
    seconds = {}
    started = time.perf_counter()
    with duckdb.connect(str(database), config=settings) as connection:
        for name, statement in FLOOR_SQL.items():
            statement_started = time.perf_counter()
            suffix = "/*" if (folder / name).is_dir() else ""
            connection.execute(statement.format(folder=str(folder).replace("'", "''"), suffix=suffix))
            seconds[name] = time.perf_counter() - statement_started
    return {"seconds": time.perf_counter() - started, "seconds_by_statement": seconds}


if __name__ == "__main__":
    extracts, database, *settings = sys.argv[1:]
    if Path(database).exists():
        sys.exit(f"{database} exists already: the floor writes a new file.")
    print(json.dumps(run(Path(extracts), Path(database), json.loads(settings[0]) if settings else {})))
