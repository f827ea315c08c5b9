"""Extracts of a population beyond Ontario's: copies of a drawn one, each with ids of its own."""

from pathlib import Path

import duckdb

IDS = {
    "clients": ["client_id"],
    "education_records": ["education_record_id", "client_id"],
    "immunizations": ["immunization_id", "client_id"],
    "exemptions": ["exemption_id", "client_id"],
}


def copy_extracts(drawn: Path, folder: Path, copies: int) -> None:
    """Writes `copies` times the Parquet extracts of `drawn` into `folder`, a file per copy; the schools are shared.

    An id of a copy is the copy's number, a hyphen and the drawn id, so that no two copies share a person.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"copy (from '{drawn}/schools.parquet') to '{folder}/schools.parquet'")
        for name, ids in IDS.items():
            (folder / name).mkdir(exist_ok=True)
            for copy in range(copies):
                numbered = ", ".join(f"'{copy}-' || ltrim({column}) as {column}" for column in ids)
                connection.execute(
                    f"copy (select * replace ({numbered}) from read_parquet('{drawn}/{name}/*.parquet')) "
                    f"to '{folder}/{name}/{copy:03}.parquet' (compression zstd)"
                )
