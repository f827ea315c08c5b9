"""Reads exported extracts and writes one Parquet file per extract, with the contract's names."""

import sys
from pathlib import Path

from immunization_coverage.extracts.columns import HEADERS_FILE
from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractsError


def main(folder: Path, output: Path, headers: Path | None = None) -> int:
    try:
        prepared = prepare(folder, output, headers or HEADERS_FILE)
    except ExtractsError as error:
        print(error, file=sys.stderr)
        return 2
    for file in prepared:
        how = ", ".join(word for word in (file.encoding, file.delimiter) if word)
        print(f"{file.file}: {file.rows:,} rows{f' ({how})' if how else ''}")
    return 0
