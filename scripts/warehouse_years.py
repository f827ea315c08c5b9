"""One school year of a warehouse, as if it held no other: the one that was built last, which `intermediate` is of."""

from pathlib import Path

import duckdb

# The schemas that keep every school year that was built.
SCHEMAS_OF_YEARS = ("marts", "schools", "published")


def attach_last_year(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Attaches the file as `warehouse`, and uses a catalog `of_year` with views of its tables."""
    path = str(warehouse.resolve()).replace("'", "''")
    connection.execute(f"attach '{path}' as warehouse (read_only)")
    tables = connection.execute(
        "select schema_name, table_name, bool_or(column_name = 'school_year') from duckdb_columns() "
        "semi join duckdb_tables() using (database_name, schema_name, table_name) "
        "where database_name = 'warehouse' group by all order by all"
    ).fetchall()
    connection.execute("attach ':memory:' as of_year")
    last = "select school_year from warehouse.published.releases order by built_at desc, build_id limit 1"
    for schema, table, has_school_year in tables:
        is_of_years = schema in SCHEMAS_OF_YEARS and has_school_year
        rows = f'from warehouse."{schema}"."{table}"' + (f" where school_year = ({last})" if is_of_years else "")
        connection.execute(f'create schema if not exists of_year."{schema}"')
        connection.execute(f'create view of_year."{schema}"."{table}" as {rows}')
    connection.execute("use of_year")
