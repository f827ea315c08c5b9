"""The last lines of a build: what was read, the students, the headline measures, what was found, and where to look.

Read from the tables that the build made. Counts only; spellings only of coded columns, each from two rows or more.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from immunization_coverage.extracts.duckdb_files import quoted
from immunization_coverage.extracts.notes import FILES_NAME, NOTES_NAME
from immunization_coverage.project import ROOT
from immunization_coverage.years import BuiltYear

SEEDS = ROOT / "seeds"
READING_KINDS = SEEDS / "quality" / "reading_kinds.csv"
HEADLINES = SEEDS / "practice" / "headlines.csv"
MOST_LINES = 30
MOST_PLACES = 6
MOST_SPELLINGS = 10
OUTCOMES = {
    "failed": "stops the build",
    "accepted": "accepted",
    "warned": "warning",
    "within_threshold": "within threshold",
    "counted": "counted",
}
# Coded columns; a value of any other column may identify a person.
CODED_COLUMNS = (
    "agent", "antigen", "client_status", "exemption_antigen", "gender", "public_health_unit", "reason", "school_type",
)  # fmt: skip


@dataclass
class Finding:
    check: str
    outcome: str
    rows_failed: int
    rows_checked: int
    sentence: str
    changes_numbers: bool
    column: str = ""
    detail: str = ""
    remedy: str = ""
    query: str = ""


@dataclass
class Reading:
    """Something that was not in the contract's plain form, and how it was read."""

    sentence: str
    extract: str | None
    file: str | None
    column: str | None
    rows: int
    detail: str | None


@dataclass
class Facts:
    school_year: str = ""
    definitions: str | None = None
    rows_by_extract: dict[str, int] = field(default_factory=dict)
    files_by_extract: dict[str, int] = field(default_factory=dict)
    students_by_age: dict[int, int] = field(default_factory=dict)
    coverage: dict[str, float | None] = field(default_factory=dict)
    last_coverage: dict[str, float | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    not_read: list[str] = field(default_factory=list)


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    schema, _, name = table.partition(".")
    return {
        column
        for (column,) in connection.execute(
            "select column_name from information_schema.columns "
            "where table_catalog = current_database() and table_schema = ? and table_name = ?",
            [schema, name],
        ).fetchall()
    }


def rows_of(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[str], where: str = "true"
) -> list[dict[str, Any]]:
    """The rows of a table, none if the build did not make it; columns that it lacks are None."""
    present = columns_of(connection, table)
    if not present:
        return []
    selected = ", ".join(f'"{column}"' if column in present else f'null as "{column}"' for column in columns)
    found = connection.execute(f"select {selected} from {table} where {where}").fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]


def headline_coverage(
    connection: duckdb.DuckDBPyConnection, school_year: str, definitions: str | None
) -> dict[str, float | None]:
    where = f"geography = 'province' and school_year = {quoted(school_year)}"
    if definitions and "definitions" in columns_of(connection, "marts.coverage"):
        where += f" and definitions = {quoted(definitions)}"
    columns = ["antigen", "age", "coverage_percent"]
    found = {
        (row["antigen"], row["age"]): row["coverage_percent"]
        for table in ("marts.coverage_all_ispa", "marts.coverage")
        for row in rows_of(connection, table, columns, where)
    }
    with HEADLINES.open(encoding="utf-8-sig", newline="") as file:
        # Without an antigen, of marts.coverage_all_ispa.
        measures = {row["headline"]: (row["antigen"] or None, int(row["age"])) for row in csv.DictReader(file)}
    return {label: found[measure] for label, measure in measures.items() if measure in found}


def spellings(connection: duckdb.DuckDBPyConnection, check: str, school_year: str) -> str:
    if "value" not in columns_of(connection, "assessment.data_quality_findings"):
        return ""
    found = connection.execute(
        "select value, count(*) from assessment.data_quality_findings "
        "where check_name = ? and school_year = ? and value is not null "
        "group by 1 having count(*) >= 2 order by 2 desc, 1 limit ?",
        [check, school_year, MOST_SPELLINGS],
    ).fetchall()
    return ", ".join(f"{' '.join(value.split())[:60]} ({rows:,})" for value, rows in found)


def findings_of(connection: duckdb.DuckDBPyConnection, of_build: str, school_year: str) -> list[Finding]:
    columns = [
        "check", "outcome", "severity", "column_name", "rows_failed", "rows_checked", "description", "changes_numbers",
        "detail", "remedy", "query", "part_of",
    ]  # fmt: skip
    found = []
    for row in rows_of(connection, "marts.data_quality", columns, f"outcome <> 'passed' and {of_build}"):
        if row["part_of"] and row["outcome"] not in ("failed", "accepted"):
            # The check that this one is a part of reports all of its rows.
            continue
        changes = row["changes_numbers"]
        if changes is None:
            changes = row["severity"] != "info" and not row["check"].endswith("_exact_copy")
        detail = row["detail"] or ""
        if not detail and row["column_name"] in CODED_COLUMNS and row["outcome"] != "counted":
            detail = spellings(connection, row["check"], school_year)
        found.append(
            Finding(
                row["check"],
                row["outcome"],
                row["rows_failed"],
                row["rows_checked"],
                row["description"] or "",
                changes,
                row["column_name"] or "",
                detail,
                row["remedy"] or "",
                row["query"] or "",
            )  # fmt: skip
        )

    def worst_first(finding: Finding) -> tuple:
        share_of_rows = finding.rows_failed / max(finding.rows_checked, 1)
        return list(OUTCOMES).index(finding.outcome), not finding.changes_numbers, -share_of_rows, finding.check

    return sorted(found, key=worst_first)


def parquet_rows(connection: duckdb.DuckDBPyConnection, file: Path | None, query: str) -> list[tuple]:
    """The rows of a file that the reader of extracts wrote beside them; none for the demonstration."""
    if file is None or not file.exists():
        return []
    return connection.execute(query, [str(file)]).fetchall()


def readings_of(connection: duckdb.DuckDBPyConnection, of_build: str, prepared: Path | None) -> list[Reading]:
    columns = ["sentence", "extract_name", "file", "column_name", "row_count", "detail"]
    found = [Reading(*row.values()) for row in rows_of(connection, "marts.extracts_read", columns, of_build)]
    if found or prepared is None:
        return found
    # A build that failed before that table was made.
    with READING_KINDS.open(encoding="utf-8", newline="") as file:
        sentences = {row["kind"]: row["sentence"] for row in csv.DictReader(file)}
    query = "select kind, extract_name, file, column_name, row_count, detail from read_parquet(?)"
    notes = parquet_rows(connection, prepared / NOTES_NAME, query)
    return [Reading(sentences.get(kind, words(kind)), *rest) for kind, *rest in notes]


def facts_of(database: Path, build_id: str, last: Path | None = None, prepared: Path | None = None) -> Facts:
    """The facts of a build, read from its tables; `last` is the warehouse published before."""
    facts = Facts()
    of_build = f"build_id = {quoted(build_id)}"
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = ["extract_name", "row_count", "school_year", "definitions"]
        for row in rows_of(connection, "marts.builds", columns, of_build):
            facts.rows_by_extract[row["extract_name"]] = row["row_count"]
            facts.school_year, facts.definitions = row["school_year"], row["definitions"]
        facts.files_by_extract = dict(
            parquet_rows(
                connection, prepared and prepared / FILES_NAME,
                "select extract_name, count(*) from read_parquet(?) group by 1",
            )
        )  # fmt: skip
        for row in rows_of(connection, "marts.coverage", ["age", "students"], f"geography = 'province' and {of_build}"):
            facts.students_by_age[row["age"]] = max(row["students"], facts.students_by_age.get(row["age"], 0))
        facts.coverage = headline_coverage(connection, facts.school_year, facts.definitions)
        facts.findings = findings_of(connection, of_build, facts.school_year)
        for reading in readings_of(connection, of_build, prepared):
            if reading.extract is None and reading.file is not None:
                facts.not_read.append(reading.file)
            else:
                facts.readings.append(reading)
    if last is not None and last.exists():
        with duckdb.connect(str(last), read_only=True) as connection:
            facts.last_coverage = headline_coverage(connection, facts.school_year, facts.definitions)
    return facts


def words(name: str) -> str:
    return name.replace("_", " ")


def lines_of_reading(facts: Facts, folder: str) -> list[str]:
    if not facts.rows_by_extract:
        return []
    parts = []
    for extract, rows in facts.rows_by_extract.items():
        files = facts.files_by_extract.get(extract, 1)
        if rows or extract in facts.files_by_extract or extract != "immunization_histories":
            parts.append(f"{words(extract)} {rows:,}{f' in {files} files' if files > 1 else ''}")
    read = f"{sum(facts.rows_by_extract.values()):,} rows: {'; '.join(parts)}."
    files = sum(facts.files_by_extract.values())
    lines = [f"Read {f'{files} files of {folder}' if files else folder or 'the demonstration'}, {read}"]
    if facts.not_read:
        shown = ", ".join(sorted(facts.not_read)[:MOST_SPELLINGS])
        more = len(facts.not_read) - MOST_SPELLINGS
        lines.append(f"Not read: {shown}{f' and {more} more (marts.extracts_read)' if more > 0 else ''}.")
    return lines


def lines_of_students(facts: Facts) -> list[str]:
    if not facts.students_by_age:
        return []
    ages = ", ".join(f"{age}: {students:,}" for age, students in sorted(facts.students_by_age.items()))
    year = BuiltYear(facts.school_year, facts.definitions or facts.school_year)
    return [f"Students of {year} by age: {ages}."]


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def lines_of_coverage(facts: Facts) -> list[str]:
    if not facts.coverage:
        return []
    cells = []
    for label, now in facts.coverage.items():
        before = f" ({percent(facts.last_coverage[label])})" if label in facts.last_coverage else ""
        cells.append(f"{label:<18}{percent(now):>6}{before:<9}")
    beside = ", the last build's in brackets" if facts.last_coverage else "; no earlier build of this year to compare"
    lines = [f"Coverage of the province, percent{beside}:"]
    return lines + ["  " + "   ".join(cells[row : row + 3]).rstrip() for row in range(0, len(cells), 3)]


def share(finding: Finding) -> str:
    if finding.rows_checked <= 1:
        return f"{finding.rows_failed:,}"
    part = 100 * finding.rows_failed / finding.rows_checked
    shown = "under 0.1" if 0 < part < 0.05 else f"{part:.1f}"
    return f"{finding.rows_failed:,} of {finding.rows_checked:,} ({shown} %)"


def line_of_finding(finding: Finding) -> str:
    detail = f" {' '.join(finding.detail.split())}" if finding.detail else ""
    return f"  {OUTCOMES[finding.outcome]}: {share(finding)} {finding.check}: {finding.sentence}{detail}"


def lines_of_stop(finding: Finding) -> list[str]:
    """A check that failed: its sentence, what it would have read, what to do, and the query that shows the rows."""
    query = finding.query or (
        f"select * from assessment.data_quality_findings where check_name = {quoted(finding.check)}"
    )
    lines = [f"  stops the build: {share(finding)} {finding.check}: {finding.sentence}"]
    lines += [f"    {line}" for text in (finding.detail, finding.remedy) for line in text.splitlines() if line.strip()]
    return [*lines, f"    Query: {query}"]


def lines_of_findings(facts: Facts) -> list[str]:
    stops = [finding for finding in facts.findings if finding.outcome == "failed"]
    changing = [finding for finding in facts.findings if finding.outcome != "failed" and finding.changes_numbers]
    others = [finding for finding in facts.findings if finding.outcome != "failed" and not finding.changes_numbers]
    lines = [line for finding in stops for line in lines_of_stop(finding)]
    lines += [line_of_finding(finding) for finding in changing]
    if others:
        counted = ", ".join(f"{words(finding.check)} {finding.rows_failed:,}" for finding in others)
        lines.append(f"  also counted: {counted}.")
    if lines:
        return ["Found in the extracts:", *lines]
    return []


def place(reading: Reading) -> str:
    source = reading.file or words(reading.extract or "")
    where = " ".join(part for part in (source, reading.column) if part)
    detail = f" ({reading.detail})" if reading.detail else ""
    return f"{where} {reading.rows:,}{detail}".strip()


def texts_of_readings(facts: Facts) -> list[str]:
    by_sentence: dict[str, list[Reading]] = {}
    for reading in facts.readings:
        by_sentence.setdefault(reading.sentence, []).append(reading)
    texts = []
    most_first = sorted(by_sentence.items(), key=lambda item: (-sum(reading.rows for reading in item[1]), item[0]))
    for sentence, readings in most_first:
        readings.sort(key=lambda reading: (-reading.rows, place(reading)))
        more = len(readings) - MOST_PLACES
        shown = "; ".join(place(reading) for reading in readings[:MOST_PLACES])
        texts.append(f"{sentence.rstrip('.')}: {shown}{f'; and {more} more places' if more > 0 else ''}.")
    return texts


def lines_of_readings(facts: Facts, most: int) -> list[str]:
    texts = texts_of_readings(facts)
    if not texts:
        return []
    # No text is left out: those beyond the limit share the last line.
    most = max(most - 1, 1)
    if len(texts) > most:
        texts = [*texts[: most - 1], " ".join(texts[most - 1 :])]
    return ["Not in plain form, and how it was read (marts.extracts_read):", *(f"  {text}" for text in texts)]


def accept_line(facts: Facts) -> list[str]:
    stops = [finding.check for finding in facts.findings if finding.outcome == "failed"]
    if not stops:
        return []
    return [f"If the data are correct nevertheless: icw build --accept {' --accept '.join(stops)}"]


def summary(facts: Facts, folder: str, is_published: bool, most: int = MOST_LINES - 3) -> list[str]:
    """All lines but the last ones. Beyond `most` lines, only findings that changed a number are printed."""
    lines = lines_of_reading(facts, folder) + lines_of_students(facts)
    if is_published:
        lines += lines_of_coverage(facts)
    found = lines_of_findings(facts) + accept_line(facts)
    if not found and facts.rows_by_extract and is_published:
        found = ["Nothing was found in the extracts."]
    return [*lines, *lines_of_readings(facts, most - len(lines) - len(found)), *found]
