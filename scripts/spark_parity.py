#!/usr/bin/env python3
"""Build an extract folder on DuckDB and on Spark, and compare every table of `assessment` and `marts`, row by row.

    spark_parity.py [--compare-only] [arguments of dbt build …]
    EXTRACTS_DIR=/path/to/extracts SPARK_MASTER=spark://127.0.0.1:7077 spark_parity.py

EXTRACTS_DIR    the folder of extracts; unset or empty, the demonstration
PARITY_DIR      where both warehouses are built (default: target/parity)
SPARK_MASTER    the cluster (default: local[2], no cluster)

`--compare-only` compares what stands in PARITY_DIR. The comparison is DuckDB's: it reads the Parquet files that Spark
wrote. Rows are compared as multisets, both ways, all columns, floating point to the last bit. Three are left out, for
they cannot agree: `build_id` and `built_at` name the build, `content_hash` is the engine's own hash.

Exit status: 0 equal; 1 not, with a line per table; 2 one of the builds failed.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
from prepare_extracts import ExtractsError, prepare

ROOT = Path(__file__).resolve().parents[1]
DBT = shutil.which("dbt", path=Path(sys.executable).parent) or "dbt"
SCHEMAS = ("assessment", "marts", "published")
LEFT_OUT = ("build_id", "built_at", "content_hash")


def build(target: str, folder: Path, extracts: str, arguments: list[str]) -> None:
    environment = os.environ | {
        "EXTRACTS_DIR": extracts,
        "WAREHOUSE_PATH": str(folder / "warehouse.duckdb"),
        "SPARK_WAREHOUSE": str(folder / "spark-warehouse"),
        "DBT_TARGET_PATH": str(folder / f"target-{target}"),
        "DBT_LOG_PATH": str(folder / f"logs-{target}"),
    }
    started = time.monotonic()
    done = subprocess.run(
        [DBT, "--quiet", "build", "--target", target, *arguments], cwd=ROOT, env=environment, check=False
    )
    if done.returncode != 0:
        print(f"The build on {target} failed: see above, and {folder}/logs-{target}/dbt.log.")
        sys.exit(2)
    print(f"Built on {target} in {time.monotonic() - started:.0f} s.", flush=True)


def tables_of_duckdb(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse' and schema_name in "
            f"{SCHEMAS}"
        ).fetchall()
    )


def tables_of_spark(warehouse: Path) -> set[tuple[str, str]]:
    folders = [(schema, path) for schema in SCHEMAS for path in (warehouse / f"{schema}.db").glob("*")]
    return {(schema, path.name) for schema, path in folders if path.is_dir()}


def columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind, *_ in connection.execute(f"describe {query}").fetchall()]


def difference(connection: duckdb.DuckDBPyConnection, duckdb_rows: str, spark_rows: str) -> str:
    """What differs, in words without a value of any row; empty where nothing does."""
    of_duckdb, of_spark = columns(connection, duckdb_rows), columns(connection, spark_rows)
    if of_duckdb != of_spark:
        named = sorted({name for name, _ in set(of_duckdb) ^ set(of_spark)})
        return f"columns differ in name, type or order: {', '.join(named) or 'order'}"
    compared = ", ".join(f'"{name}"' for name, _ in of_duckdb if name not in LEFT_OUT)
    missing, surplus = (
        connection.execute(
            f"select count(*) from (select {compared} from ({one}) except all select {compared} from ({other}))"
        ).fetchone()[0]
        for one, other in ((duckdb_rows, spark_rows), (spark_rows, duckdb_rows))
    )
    return f"{missing} rows only on DuckDB, {surplus} only on Spark" if missing or surplus else ""


def compare(folder: Path) -> bool:
    is_equal = True
    rows_compared = 0
    with duckdb.connect() as connection:
        path = str(folder / "warehouse.duckdb").replace("'", "''")
        connection.execute(f"attach '{path}' as warehouse (read_only)")
        on_duckdb, on_spark = tables_of_duckdb(connection), tables_of_spark(folder / "spark-warehouse")
        for schema, table in sorted(on_duckdb ^ on_spark):
            is_equal = False
            print(f"{schema}.{table}: only on {'DuckDB' if (schema, table) in on_duckdb else 'Spark'}")
        for schema, table in sorted(on_duckdb & on_spark):
            duckdb_rows = f'select * from warehouse."{schema}"."{table}"'
            rows = connection.execute(f"select count(*) from ({duckdb_rows})").fetchone()[0]
            written = folder / "spark-warehouse" / f"{schema}.db" / table
            if any(written.glob("*.parquet")):
                files = str(written / "*.parquet").replace("'", "''")
                found = difference(connection, duckdb_rows, f"select * from read_parquet('{files}')")
            else:
                # A table in buckets that has no row has no file.
                found = f"{rows} rows only on DuckDB" if rows else ""
            rows_compared += rows
            is_equal = is_equal and not found
            print(f"{schema}.{table}: {found or f'equal, {rows} rows'}")
    if not on_duckdb:
        print("DuckDB built no table to compare.")
        return False
    print(f"{len(on_duckdb | on_spark)} tables, {rows_compared} rows: {'equal' if is_equal else 'NOT equal'}.")
    return is_equal


def main(arguments: list[str]) -> int:
    folder = Path(os.environ.get("PARITY_DIR") or ROOT / "target" / "parity").absolute()
    if "--compare-only" not in arguments:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        extracts = os.environ.get("EXTRACTS_DIR", "")
        if extracts:
            try:
                prepare(Path(extracts).absolute(), folder / "extracts")
            except ExtractsError as error:
                print(error)
                return 2
            extracts = str(folder / "extracts")
        for target in ("duckdb", "spark"):
            build(target, folder, extracts, arguments)
    return 0 if compare(folder) else 1


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
