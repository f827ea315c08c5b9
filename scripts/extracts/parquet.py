"""Read a Parquet file."""

import re
from pathlib import Path

import duckdb

from extracts.columns import Headers
from extracts.duckdb_files import DUCKDB_REFUSES, identifier, link_to, quoted
from extracts.in_force import extra_columns
from extracts.notes import Notes
from extracts.parts import Part, Source
from extracts.problems import ExtractProblem


def parquet_sql(connection: duckdb.DuckDBPyConnection, link: Path, name: str, source_type: str) -> tuple[str, str]:
    """How a column becomes text, or a date where its type is one, and its type then."""
    column = identifier(name)
    if source_type in ("DATE", "VARCHAR"):
        return column, source_type
    if source_type.startswith("TIMESTAMP"):
        # A zone's own midnight is another hour in UTC: such a column stays text, with the hour.
        moment = f"cast({column} as timestamp)"
        day = f"cast({moment} as date)"
        (is_day,) = connection.execute(
            f"select coalesce(bool_and({moment} = {day}), true) from read_parquet({quoted(link)})"
        ).fetchone()
        if is_day:
            return day, "DATE"
        return f"case when {moment} = {day} then cast({day} as varchar) else cast({column} as varchar) end", "VARCHAR"
    if source_type in ("FLOAT", "DOUBLE") or source_type.startswith("DECIMAL"):
        whole = f"cast(cast({column} as bigint) as varchar)"
        is_whole = f"abs({column}) < 1e15 and {column} = floor({column})"
        return f"case when {is_whole} then {whole} else cast({column} as varchar) end", "VARCHAR"
    return (f"decode({column})" if source_type == "BLOB" else f"cast({column} as varchar)"), "VARCHAR"


def read_parquet(
    connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path, notes: Notes
) -> list[Part]:
    link = link_to(source.path, target.with_suffix(".link.parquet"))
    try:
        described = connection.execute(f"describe select * from read_parquet({quoted(link)})").fetchall()
        schema = connection.execute(f"select name from parquet_schema({quoted(link)})").fetchall()
        printed = {name for (name,) in schema}
        (rows,) = connection.execute(f"select num_rows from parquet_file_metadata({quoted(link)})").fetchone()
        # DuckDB numbers names that differ in case only; the file's own are compared.
        names = [name if name in printed else re.sub(r"_\d+$", "", name) for name, *_ in described]
        places = headers.match(source.extract_name, names, source.file)
        extra = extra_columns(source.extract_name, names, places)
        conversions = {
            column: parquet_sql(connection, link, *described[place][:2]) for column, place in (places | extra).items()
        }
    except DUCKDB_REFUSES:
        raise ExtractProblem(f"{source.file} is damaged and cannot be read as Parquet: export it again.") from None
    is_canonical = [(name, kind) for name, kind, *_ in sorted(described)] == sorted(
        (column, kind) for column, (_, kind) in conversions.items()
    )
    return [source.part(link, rows, names, places, extra, conversions=conversions, is_canonical=is_canonical)]
