"""Signs that an export stopped early: as many rows as a program can hold, texts cut at a length, no rows at all."""

from collections.abc import Callable

import duckdb

from immunization_coverage.extracts.accept import is_accepted
from immunization_coverage.extracts.duckdb_files import quoted
from immunization_coverage.extracts.notes import Notes
from immunization_coverage.extracts.parts import Part
from immunization_coverage.extracts.problems import ExtractProblem, count_of, listed, stop

# Row limits, with or without the header. A round number of rows alone is no sign.
LIMITS = {
    65_535: "a sheet of Excel 97–2003",
    65_536: "a sheet of Excel 97–2003",
    1_048_575: "a sheet of Excel",
    1_048_576: "a sheet of Excel",
}
LONG_COLUMNS = {"immunization_histories": ("history",), "exemptions": ("antigen", "reason")}
# Lengths at which drivers, databases and programs cut texts.
TEXT_LIMITS = frozenset(
    (100, 128, 200, 250, 254, 255, 256, 500, 510, 511, 512, 1000, 1023, 1024, 2000, 2047, 2048, 3999, 4000, 4095, 4096)
    + (8000, 8191, 8192, 16_383, 32_000, 32_765, 32_766, 32_767, 32_768, 65_535, 65_536)
)
SHORTEST_LIMIT = 60
LETTERS_OF_ENDING = 3


def check_rows(parts: list[Part]) -> None:
    """Refuse a file or sheet that has as many rows as a program can hold, unless another part goes on from it."""
    at_limit = [part.prepared.rows in LIMITS for part in parts]
    # A long table goes on in the next part; then every part but the last is full.
    goes_on = len(parts) > 1 and all(at_limit[:-1]) and not at_limit[-1]
    for part, is_at_limit in zip(parts, at_limit, strict=True):
        if is_at_limit and not goes_on and not is_accepted("rows_at_a_limit"):
            rows = part.prepared.rows
            raise stop("rows_at_a_limit", file=part.prepared.file, rows=f"{rows:,}", limit=LIMITS[rows])


def is_cut(lengths: dict[int, int], endings_like_others: Callable[[int], float]) -> bool:
    """Whether texts are cut at their greatest length. `lengths` gives the rows of each length.

    `endings_like_others` gives the share of the texts of a length that end like a shorter one.
    """
    longest = max(lengths)
    rows = lengths[longest]
    if longest < SHORTEST_LIMIT or rows < 2:
        return False
    if longest in TEXT_LIMITS:
        return True
    nearby = sum(lengths.get(longest - step, 0) for step in range(1, 11))
    return rows >= 5 and rows > nearby and endings_like_others(longest) < 0.5


def check_texts(connection: duckdb.DuckDBPyConnection, part: Part, notes: Notes) -> None:
    """Refuse texts cut at a length, or texts that end in dots."""
    for column in LONG_COLUMNS.get(part.prepared.extract_name, ()):
        if column not in part.conversions or is_accepted("texts_cut_short"):
            continue
        text = part.conversions[column][0]
        relation = f"(select {text} as text from read_parquet({quoted(part.path)}) where {text} is not null)"
        lengths = dict(connection.execute(f"select length(text), count(*) from {relation} group by all").fetchall())

        def endings_like_others(longest: int, relation: str = relation) -> float:
            ending = f"right(text, {LETTERS_OF_ENDING})"
            others = f"select {ending} from {relation} where length(text) < {longest}"
            ((share,),) = connection.execute(
                f"select avg(cast({ending} in ({others}) as integer)) from {relation} where length(text) = {longest}"
            ).fetchall()
            return share

        facts = {"file": part.prepared.file, "column": column}
        if lengths and is_cut(lengths, endings_like_others):
            rows = count_of(lengths[max(lengths)], "row")
            raise stop("texts_cut_short", **facts, characters=f"{max(lengths):,}", rows=rows)
        ((dotted,),) = connection.execute(
            f"select count(*) from {relation} where rtrim(text) like '%...' or rtrim(text) like '%…'"
        ).fetchall()
        if dotted > 1:
            raise stop("texts_end_in_dots", **facts, rows=count_of(dotted, "row"))


def check_empty(parts: dict[str, list[Part]], notes: Notes) -> list[ExtractProblem]:
    """Problems of extracts without rows: exemptions may have none, and immunizations where there are histories."""
    rows = {name: sum(part.prepared.rows for part in of_extract) for name, of_extract in parts.items()}
    may_be_empty = {"exemptions", "immunization_histories"}
    if rows.get("immunization_histories"):
        may_be_empty.add("immunizations")
    problems = []
    for name, count in rows.items():
        files = [part.prepared.file for part in parts[name]]
        if not count and name in may_be_empty:
            for file in files:
                notes.add(name, file, "extract_without_rows", 0)
        elif not count:
            has = f"{listed(files)} {'has' if len(files) == 1 else 'have'} a header"
            problems.append(stop("no_rows", files=has, extract=name))
    return problems
