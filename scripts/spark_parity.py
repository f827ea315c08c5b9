#!/usr/bin/env python3
"""Build an extract folder on DuckDB and on Spark, and compare what readers see, table by table and row by row.

    spark_parity.py [--with warehouse.duckdb | --compare-only] [arguments of dbt build …]
    EXTRACTS_DIR=/path/to/extracts SPARK_MASTER=spark://127.0.0.1:7077 spark_parity.py

EXTRACTS_DIR    the folder of extracts; unset or empty, the demonstration
PARITY_DIR      where both warehouses are built (default: target/parity)
SPARK_MASTER    the cluster (default: local[2], no cluster)

`--with` compares with a warehouse that DuckDB has built from the same extracts. `--compare-only` compares the
warehouses of PARITY_DIR. DuckDB compares: it reads the Parquet files that Spark wrote, of tables and views alike,
through the views of PARITY_DIR/spark.duckdb, which other readers of a warehouse can use too. Rows are compared as
multisets, both ways, all columns, floating point to the last bit. Four are left out, because they cannot agree:
`build_id`, `built_at` and `project_commit` name the build, `content_hash` is the engine's own hash.

Exit status: 0 equal; 1 not, with a line per table; 2 one of the builds failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import yaml
from dbt.cli.main import dbtRunner

from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractsError
from immunization_coverage.project import DBT, ROOT

# The schemas for readers and staging; in `intermediate`, each engine has its own student keys.
SCHEMAS = tuple(yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["reader_schemas"])
LEFT_OUT = ("build_id", "built_at", "content_hash", "project_commit")


def build_on_duckdb(folder: Path, arguments: list[str]) -> bool:
    environment = os.environ | {
        "WAREHOUSE_PATH": str(folder / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(folder / "target-duckdb"),
        "DBT_LOG_PATH": str(folder / "logs-duckdb"),
    }
    command = [DBT, "--quiet", "build", "--target", "duckdb", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def build_on_spark(folder: Path, arguments: list[str]) -> bool:
    """Builds in this process, whose Spark session then writes the rows of views too."""
    os.environ |= {
        "SPARK_WAREHOUSE": str(folder / "spark-warehouse"),
        "DBT_TARGET_PATH": str(folder / "target-spark"),
        "DBT_LOG_PATH": str(folder / "logs-spark"),
    }
    os.chdir(ROOT)
    if not dbtRunner().invoke(["--quiet", "build", "--target", "spark", *arguments]).success:
        return False
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    for schema in SCHEMAS:
        for view in session.sql(f"show views in {schema}").where("not isTemporary").collect():
            rows = session.table(f"{schema}.{view.viewName}")
            rows.write.parquet((folder / "spark-views" / schema / view.viewName).as_uri())
    session.stop()
    return True


def show_to_duckdb(folder: Path) -> None:
    """Spark's tables as views of a DuckDB file. A table in buckets that has no row has no file, and no view."""
    (folder / "spark.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(folder / "spark.duckdb")) as connection:
        for schema in SCHEMAS:
            connection.execute(f"create schema {schema}")
            for written in (folder / "spark-warehouse" / f"{schema}.db", folder / "spark-views" / schema):
                for table in written.glob("*"):
                    # Tables that keep school years have a folder for each.
                    if any(table.rglob("*.parquet")):
                        files = str(table / "**" / "*.parquet").replace("'", "''")
                        rows = f"read_parquet('{files}', hive_partitioning = true, hive_types_autocast = false)"
                        connection.execute(f'create view {schema}."{table.name}" as select * from {rows}')


def tables(connection: duckdb.DuckDBPyConnection, database: str) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "select table_schema, table_name from information_schema.tables "
            f"where table_catalog = ? and table_schema in {SCHEMAS}",
            [database],
        ).fetchall()
    )


def columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind, *_ in connection.execute(f"describe {query}").fetchall()]


def difference(connection: duckdb.DuckDBPyConnection, duckdb_rows: str, spark_rows: str) -> str:
    """The differences in words, without values of rows; empty if there are none."""
    of_duckdb, of_spark = columns(connection, duckdb_rows), columns(connection, spark_rows)
    # Spark has the column of its partitions last.
    if sorted(of_duckdb) != sorted(of_spark):
        named = sorted({name for name, _ in set(of_duckdb) ^ set(of_spark)})
        return f"columns differ in name or type: {', '.join(named)}"
    compared = ", ".join(f'"{name}"' for name, _ in of_duckdb if name not in LEFT_OUT)
    missing, surplus = (
        connection.execute(
            f"select count(*) from (select {compared} from ({one}) except all select {compared} from ({other}))"
        ).fetchone()[0]
        for one, other in ((duckdb_rows, spark_rows), (spark_rows, duckdb_rows))
    )
    return f"{missing} rows only on DuckDB, {surplus} only on Spark" if missing or surplus else ""


def compare(folder: Path, warehouse: Path) -> bool:
    is_equal = True
    rows_compared = 0
    show_to_duckdb(folder)
    with duckdb.connect() as connection:
        # A view names the database that it was made in: the file's name.
        for file in (warehouse, folder / "spark.duckdb"):
            path = str(file).replace("'", "''")
            connection.execute(f"attach '{path}' as \"{file.stem}\" (read_only)")
        on_duckdb, on_spark = tables(connection, warehouse.stem), tables(connection, "spark")
        for schema, table in sorted(on_duckdb | on_spark):
            if (schema, table) not in on_duckdb:
                found, rows = "only on Spark", 0
            else:
                duckdb_rows = f'select * from "{warehouse.stem}"."{schema}"."{table}"'
                rows = connection.execute(f"select count(*) from ({duckdb_rows})").fetchone()[0]
                if (schema, table) in on_spark:
                    found = difference(connection, duckdb_rows, f'select * from spark."{schema}"."{table}"')
                else:
                    found = f"{rows} rows only on DuckDB" if rows else ""
            rows_compared += rows
            is_equal = is_equal and not found
            print(f"{schema}.{table}: {found or f'equal, {rows} rows'}")
    if not on_duckdb:
        print("DuckDB built no table to compare.")
        return False
    print(f"{len(on_duckdb | on_spark)} tables, {rows_compared} rows: {'equal' if is_equal else 'NOT equal'}.")
    return is_equal


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--with", dest="warehouse", type=Path)
    parser.add_argument("--compare-only", action="store_true")
    options, arguments = parser.parse_known_args()
    folder = Path(os.environ.get("PARITY_DIR") or ROOT / "target" / "parity").absolute()
    warehouse = options.warehouse.absolute() if options.warehouse else folder / "warehouse.duckdb"
    if options.compare_only:
        return 0 if compare(folder, warehouse) else 1
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    extracts = os.environ.get("EXTRACTS_DIR", "")
    if extracts:
        try:
            prepare(Path(extracts).absolute(), folder / "extracts")
        except ExtractsError as error:
            print(error)
            return 2
        os.environ["EXTRACTS_DIR"] = str(folder / "extracts")
    engines = {"DuckDB": build_on_duckdb, "Spark": build_on_spark}
    if options.warehouse:
        del engines["DuckDB"]
    for engine, build in engines.items():
        started = time.monotonic()
        if not build(folder, arguments):
            print(f"The build on {engine} failed: see above, and {folder}/logs-{engine.lower()}/dbt.log.")
            return 2
        print(f"Built on {engine} in {time.monotonic() - started:.0f} s.", flush=True)
    return 0 if compare(folder, warehouse) else 1


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
