"""Read a Parquet file."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from immunization_coverage.extracts.columns import DATE_COLUMNS, Headers
from immunization_coverage.extracts.days import has_zones, judge, midnights, zoned_texts_as_days
from immunization_coverage.extracts.duckdb_files import DUCKDB_REFUSES, identifier, link_to, quoted
from immunization_coverage.extracts.in_force import extra_columns
from immunization_coverage.extracts.notes import Notes
from immunization_coverage.extracts.parts import Part, Source
from immunization_coverage.extracts.problems import stop


def text_sql(column: str, source_type: str) -> str:
    """How a column of a type becomes text: a whole number without a point, a time stamp of midnight as its day."""
    if source_type == "VARCHAR":
        return column
    if source_type in ("FLOAT", "DOUBLE") or source_type.startswith("DECIMAL"):
        whole = f"cast(cast({column} as bigint) as varchar)"
        is_whole = f"abs({column}) < 1e15 and {column} = floor({column})"
        return f"case when {is_whole} then {whole} else cast({column} as varchar) end"
    if source_type.startswith("TIMESTAMP") and "TIME ZONE" not in source_type:
        day = f"cast({column} as date)"
        is_day = f"cast({column} as timestamp) = {day}"
        return f"case when {is_day} then cast({day} as varchar) else cast({column} as varchar) end"
    if source_type == "TIMESTAMP WITH TIME ZONE":
        # The text must not depend on the session's own zone.
        return f"cast(make_timestamp(epoch_us({column})) as varchar) || '+00'"
    return f"decode({column})" if source_type == "BLOB" else f"cast({column} as varchar)"


def utc_seconds(connection: duckdb.DuckDBPyConnection, column: str, relation: str) -> Iterator[tuple[int | None, int]]:
    """Seconds since 1970 of a column's time stamps and their rows; a fraction of a second counts as one more."""
    second = f"cast(ceil(epoch_us({column}) / 1e6) as bigint)"
    yield from connection.execute(
        f"select {second}, count(*) from {relation} where isfinite({column}) group by all"
    ).fetchall()


def day_sql(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    column: str,
    source_type: str,
    notes: Notes,
    source: Source,
    contract_column: str,
) -> str:
    """How time stamps become days, whatever the machine's zone. Raises ExtractProblem if they cannot."""
    if source_type == "TIMESTAMP WITH TIME ZONE":
        found = midnights(utc_seconds(connection, column, relation))
        judge(found, notes, source.extract_name, source.file, contract_column)
        return f"case when isfinite({column}) then cast(make_timestamp(epoch_us({column})) as date) end"
    moment = f"cast({column} as timestamp)"
    ((timed,),) = connection.execute(
        f"select count(*) from {relation} where isfinite({moment}) and {moment} <> cast({moment} as date)"
    ).fetchall()
    if timed:
        notes.add(source.extract_name, source.file, "time_of_day_dropped", timed, contract_column)
    return f"case when isfinite({moment}) then cast({moment} as date) end"


def read_parquet(
    connection: duckdb.DuckDBPyConnection, source: Source, headers: Headers, target: Path, notes: Notes
) -> list[Part]:
    """The part of a Parquet file. Raises ExtractProblem if it is damaged or a column cannot be read."""
    link = link_to(source.path, target.with_suffix(".link.parquet"))
    relation = f"read_parquet({quoted(link)}, hive_partitioning = false)"
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
        schema = connection.execute(f"select name from parquet_schema({quoted(link)})").fetchall()
        printed = {name for (name,) in schema}
        ((rows,),) = connection.execute(f"select num_rows from parquet_file_metadata({quoted(link)})").fetchall()
        # DuckDB numbers names that differ in case only; the file's own are compared.
        names = [name if name in printed else re.sub(r"_\d+$", "", name) for name, *_ in described]
        places = headers.match(source.extract_name, names, source.file)
        extra = extra_columns(source.extract_name, names, places)
        conversions: dict[str, tuple[str, str]] = {}
        texts: dict[str, str] = {}
        for column, place in (places | extra).items():
            name, source_type = described[place][:2]
            quoted_name = identifier(name)
            if column in DATE_COLUMNS and source_type == "DATE":
                conversions[column] = (quoted_name, "DATE")
            elif column in DATE_COLUMNS and source_type.startswith("TIMESTAMP"):
                day = day_sql(connection, relation, quoted_name, source_type, notes, source, column)
                conversions[column] = (day, "DATE")
            else:
                conversions[column] = (text_sql(quoted_name, source_type), "VARCHAR")
                if column in DATE_COLUMNS and source_type == "VARCHAR":
                    texts[column] = quoted_name
                if column.endswith("_id") and source_type in ("FLOAT", "DOUBLE"):
                    notes.add(source.extract_name, source.file, "whole_number_ids", rows, column)
        if has_zones(connection, f"(select * from {relation} limit 1000)", texts) or has_long_texts(
            connection, relation, texts
        ):
            days = zoned_texts_as_days(connection, relation, texts, notes, source.extract_name, source.file)
            conversions |= {column: (sql, "VARCHAR") for column, sql in days.items()}
    except DUCKDB_REFUSES:
        raise stop("parquet_damaged", file=source.file) from None
    is_canonical = [(name, kind) for name, kind, *_ in sorted(described)] == sorted(
        (column, kind) for column, (_, kind) in conversions.items()
    ) and all(sql == identifier(column) for column, (sql, _) in conversions.items())
    return [source.part(link, rows, names, places, extra, conversions=conversions, is_canonical=is_canonical)]


def has_long_texts(connection: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str]) -> bool:
    """Whether a text is as long as a time stamp with a zone; only then are zones looked for."""
    if not columns:
        return False
    longest = ", ".join(f"max(length({sql}))" for sql in columns.values())
    return any((length or 0) > 15 for length in connection.execute(f"select {longest} from {relation}").fetchall()[0])
