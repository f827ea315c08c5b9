"""Compares the warehouse with an earlier one by the queries of analyses/, every column.

Both files are opened read-only. All but `coverage` is person-level: it goes to the terminal or to the file that is
named, and to no log. Percents (0–100) are printed with two decimals.
"""

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import duckdb

from immunization_coverage.extracts.duckdb_files import quoted
from immunization_coverage.project import DBT, ROOT
from immunization_coverage.warehouse import attach, existing_warehouse

ANALYSES = {
    "students": "changed_students",
    "doses": "changed_doses",
    "coverage": "coverage_beside_earlier",
    "newly_compliant": "newly_compliant_students",
}
# The catalog names of the two warehouses in the compiled queries, whatever their file names.
NOW, EARLIER = "this_build", "earlier"


class NotCompared(Exception):
    """Nothing was compared. The message is a sentence for the user."""


def compiled(analysis: str, folder: Path) -> str:
    """The SQL of an analysis. dbt writes to `folder` only, and reads no warehouse. Raises NotCompared if dbt fails."""
    environment = os.environ | {
        "WAREHOUSE_PATH": str(folder / f"{NOW}.duckdb"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "EXTRACTS_DIR": "",
    }
    environment.pop("COMPARE_WITH", None)
    done = subprocess.run(
        [DBT, "--quiet", "--no-use-colors", "--log-level-file", "none", "compile", "--select", analysis],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = list((folder / "target" / "compiled").glob(f"*/analyses/{analysis}.sql"))
    if done.returncode or not found:
        raise NotCompared(f"dbt could not compile analyses/{analysis}.sql: {(done.stdout + done.stderr).strip()}")
    return found[0].read_text(encoding="utf-8")


def attach_or_refuse(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    try:
        attach(connection, path, name)
    except duckdb.Error as error:
        raise NotCompared(f"{path} cannot be opened ({str(error).splitlines()[0]}).") from None


def warehouses() -> tuple[Path, Path]:
    """The warehouse and the earlier one. Raises NotCompared if the earlier one is not named, or does not exist."""
    if not os.environ.get("COMPARE_WITH"):
        raise NotCompared("Name the earlier warehouse: --with earlier.duckdb, or COMPARE_WITH.")
    now, earlier = existing_warehouse(), Path(os.environ["COMPARE_WITH"])
    if not earlier.is_file():
        raise NotCompared(f"There is no earlier warehouse {earlier}: --with (COMPARE_WITH) has to name one.")
    if now.samefile(earlier):
        raise NotCompared(f"{earlier} is the warehouse itself: --with has to name an earlier one, or a copy.")
    return now, earlier


def shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def table(columns: list[str], rows: list[tuple]) -> list[str]:
    """A table as lines of text. A heading wider than the values of its column is broken into lines."""
    cells = [[shown(value) for value in row] for row in rows]
    headings, places = [], []
    for place, column in enumerate(columns):
        words = column.split("_")
        width = max(len(text) for text in [*words, *(row[place] for row in cells)])
        headings.append(textwrap.wrap(" ".join(words), width))
        is_number = any(isinstance(row[place], (int, float)) and not isinstance(row[place], bool) for row in rows)
        places.append(f"{{:{'>' if is_number else '<'}{width}}}")
    height = max(map(len, headings))
    headings = [[""] * (height - len(heading)) + heading for heading in headings]
    layout = "  ".join(places)
    return [layout.format(*line).rstrip() for line in [*zip(*headings, strict=True), *cells]]


def counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"


def write(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    path.chmod(0o600)
    # Writes into the existing file, which keeps its mode.
    connection.execute(f"copy differing to {quoted(path)} (format csv, header, use_tmp_file false)")


def compare(what: str, limit: int, output: Path | None) -> list[str]:
    """Writes the rows to `output`, if it is named. Returns the lines to print. Raises NotCompared with a sentence."""
    if output and (output.suffix.lower() != ".csv" or not output.absolute().parent.is_dir()):
        raise NotCompared(f"{output} must be a .csv file in an existing folder.")
    now, earlier = warehouses()
    with tempfile.TemporaryDirectory(prefix="compare_") as scratch, duckdb.connect() as connection:
        connection.execute("set temp_directory = ?", [str(Path(scratch) / "spill")])
        connection.execute("set enable_progress_bar = false")
        attach_or_refuse(connection, now, NOW)
        attach_or_refuse(connection, earlier, EARLIER)
        query = compiled(ANALYSES[what], Path(scratch))
        try:
            connection.execute(f"create temp table differing as {query}")
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise NotCompared(
                f"{now} or {earlier} lacks a table or column of analyses/{ANALYSES[what]}.sql "
                f"({str(error).splitlines()[0]}): build both with this version of the project."
            ) from None
        ((found,),) = connection.execute("select count(*) from differing").fetchall()
        if output:
            write(connection, output)
            return [f"{counted(found)} written to {output}."]
        cursor = connection.execute("from differing")
        rows = cursor.fetchmany(limit) if limit > 0 else cursor.fetchall()
        if not rows:
            return ["Nothing differs."]
        lines = table([column[0] for column in cursor.description], rows)
    if len(rows) < found:
        return [*lines, f"The first {len(rows)} of {counted(found)}: --limit 0 prints all."]
    return [*lines, f"{counted(found)}."]


def main(what: str, limit: int, output: Path | None) -> int:
    try:
        print("\n".join(compare(what, limit, output)))
    except NotCompared as why:
        print(why, file=sys.stderr)
        return 1
    return 0
