#!/usr/bin/env python3
"""Read extracts as people export them and write one Parquet file per extract, as the contract names it.

    prepare_extracts.py /path/to/extracts /path/to/prepared

An extract is `<name>.csv` (.txt, .tsv, .parquet, .xlsx), a folder `<name>/` of such files, or parts `<name>_*.csv`
(or another of the endings). Text is UTF-8, UTF-16 with a byte-order mark or Windows-1252, separated by comma, semicolon
or tab. Headers are found through seeds/quality/extract_headers.csv. Only the contract's columns are taken: names and
addresses stay where they are.

What cannot be trusted is refused: every problem of a run is one sentence on stderr, which names headers, files and
lines but never what a row holds. The exit status is then 2, and the output folder is as it was before.

DuckDB reads a text file, and must find as many rows as a plain count of its line ends. Where it does not, or refuses
the file, Python's csv module reads it instead: it either says which line is wrong, or rewrites the file plainly (line
ends that differ, blank lines, very long cells) for DuckDB to read.
"""

import argparse
import sys
from pathlib import Path

from extracts.columns import COLUMNS, HEADERS_FILE, OPTIONAL_EXTRACTS
from extracts.preparation import prepare
from extracts.problems import ExtractProblem, ExtractsError

__all__ = ["COLUMNS", "HEADERS_FILE", "OPTIONAL_EXTRACTS", "ExtractProblem", "ExtractsError", "prepare"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Read extracts as people export them; write one Parquet file of each.")
    parser.add_argument("folder", type=Path, help="the folder of the extracts")
    parser.add_argument("output", type=Path, help="the folder that gets one Parquet file per extract")
    parser.add_argument("--headers", type=Path, default=HEADERS_FILE, help="the column map (default: the project's)")
    arguments = parser.parse_args()
    try:
        prepared = prepare(arguments.folder, arguments.output, arguments.headers)
    except ExtractsError as error:
        print(error, file=sys.stderr)
        return 2
    for file in prepared:
        how = ", ".join(word for word in (file.encoding, file.delimiter) if word)
        print(f"{file.file}: {file.rows:,} rows{f' ({how})' if how else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
