"""Writes the students who are overdue under ISPA in the input format of ImmuKnow, the notice generator of health units.

The list is for a day, the build's `as_of`; without one it is as of the end of the school year. Overdue diseases are
those missing on the record, overdue agents those that count if given together on that day. A workbook has a second
sheet, visits: the day, what is due on it and what later, and each student's next visit in a sentence. Diseases for
which an exemption or a record of immunity is in force are not overdue.
"""

import csv
import difflib
import os
import re
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from immunization_coverage.explain.next_visit import day_of_list, next_visit
from immunization_coverage.extracts.decoding import as_utf8, survey_text
from immunization_coverage.extracts.files import TEXT_ENDINGS, check_content
from immunization_coverage.extracts.problems import ExtractProblem
from immunization_coverage.extracts.rows import read_text_header, text_rows
from immunization_coverage.warehouse import existing_warehouse, records_of, the_warehouse

NAME_COLUMNS = (
    "First Name",
    "Last Name",
    "Street Address Line 1",
    "Street Address Line 2",
    "City",
    "Province/Territory",
    "Postal Code",
)
PANORAMA_COLUMNS = (
    "School Type",
    "School Name",
    "Client Id",
    "First Name",
    "Last Name",
    "Age",
    "Date of Birth",
    "Street Address Line 1",
    "Street Address Line 2",
    "City",
    "Province/Territory",
    "Postal Code",
    "Overdue Disease",
    "Overdue Agent",
    "Imms Given",
    "Unique ID",
    "Disease(s)/Agent(s)",
    "Imms History by Agent",
)
IMMUKNOW_COLUMNS = {
    "school_name": "School Name",
    "client_id": "Client Id",
    "first_name": "First Name",
    "last_name": "Last Name",
    "date_of_birth": "Date of Birth",
    "street_address_line_1": "Street Address Line 1",
    "street_address_line_2": "Street Address Line 2",
    "city": "City",
    "province": "Province/Territory",
    "postal_code": "Postal Code",
    "overdue_disease": "Overdue Disease",
    "overdue_agent": "Overdue Agent",
    "imms_given": "Imms Given",
    "board_name": "Board Name",
    "school_id": "School Id",
}
VISIT_COLUMNS = (
    "School Name",
    "Client Id",
    "As of",
    "Overdue diseases",
    "Due agents",
    "Due later",
    "No agent offered",
    "Next visit",
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PLACES_NAMED = 50
TEN_DIGITS = re.compile(r"\d{10}", re.ASCII)

STUDENTS = """
    select * from assessment.ispa_overdue_students
    where (is_due or $not_yet_due) and coalesce(phu_id = $phu, true) and coalesce(school_id = $school, true)
    order by phu_id, school_name, school_id, client_id
"""

VISITS = """
    select compliance.client_id, compliance.visit_date, compliance.missing_agent as agent, diseases.disease_name as name
    from assessment.ispa_compliance as compliance
    inner join practice.ispa_diseases as diseases using (disease, antigen)
    where compliance.visit_date is not null and client_id in (select client_id from listed)
    order by diseases.sort_order
"""

DAYS = """
    select coalesce((select max(as_of) from assessment.ispa_compliance), assessment_date), assessment_date
    from intermediate.int_school_year
"""

UNITS = """
    select distinct phu_id as id, phu_name as name
    from marts.coverage
    where geography = 'phu' and school_year = (select school_year from intermediate.int_school_year)
    order by 1
"""

SCHOOLS = """
    select students.school_id as id, min(schools.school_name) as name
    from assessment.students as students left join staging.stg_panorama__schools as schools using (school_id)
    where coalesce(students.phu_id = $phu, true)
    group by 1 order by 1
"""

DOSES = """
    select client_id, administered_date, agent
    from staging.stg_panorama__immunizations
    where administered_date is not null and agent is not null
        and administered_date <= (select max(assessment_date) from intermediate.int_school_year)
        and client_id in (select client_id from listed)
    order by client_id, administered_date, immunization_id
"""


@dataclass(frozen=True)
class Options:
    output: Path
    names: Path | None = None
    form: str = "panorama"
    # Ids of a public health unit and of a school.
    phu: str | None = None
    school: str | None = None
    not_yet_due: bool = False


class NotWritten(Exception):
    """No list was written. The message is a sentence for the user."""


def comparable(header: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", header.lower()).strip()


def rows_of_text(path: Path, file: str, scratch: Path) -> list[list[str]]:
    def recognised(row: list[str]) -> int:
        return len({comparable(cell) for cell in row} & {comparable(name) for name in ("Client Id", *NAME_COLUMNS)})

    text, _ = as_utf8(path, file, scratch / "names.csv")
    survey_text(text, file)
    header = read_text_header(text, file, recognised)
    return [[value.strip() for value in row] for row in text_rows(text, file, header)]


def rows_of_workbook(path: Path) -> list[list[str]]:
    sheet = load_workbook(path, read_only=True, data_only=True).active
    # Excel writes no workbook without a sheet.
    assert sheet is not None
    return [["" if value is None else str(value).strip() for value in row] for row in sheet.iter_rows(values_only=True)]


def read_names(path: Path, scratch: Path) -> dict[str, dict[str, str]]:
    """Names and addresses by client id. `scratch` is a folder for a copy in another encoding. Raises NotWritten."""
    if not path.is_file():
        raise NotWritten(f"There is no file of names {path}.")
    ending, file = path.suffix.lower().lstrip("."), f"The file of names {path}"
    if ending not in (*TEXT_ENDINGS, "xlsx"):
        raise NotWritten(f"{file} must end in .csv or .xlsx.")
    try:
        check_content(path, file)
        found = rows_of_workbook(path) if ending == "xlsx" else rows_of_text(path, file, scratch)
    except ExtractProblem as problem:
        raise NotWritten(str(problem)) from None
    except Exception as error:
        # The message of an unexpected error may contain values of a row.
        raise NotWritten(f"{file} cannot be read ({type(error).__name__}): save it again as .csv or .xlsx.") from None
    rows = [row for row in found if any(row)]
    header = [comparable(cell) for cell in rows[0]] if rows else []
    if "client id" not in header:
        raise NotWritten(f"{file} has no column Client Id: add it.")
    places = {name: header.index(comparable(name)) for name in NAME_COLUMNS if comparable(name) in header}
    if "First Name" not in places or "Last Name" not in places:
        raise NotWritten(f"{file} has no columns First Name and Last Name: add them.")
    ids = header.index("client id")
    names: dict[str, dict[str, str]] = {}
    for row in rows[1:]:
        cells = [*row, *[""] * (len(header) - len(row))]
        if cells[ids] in names:
            raise NotWritten(f"{file} has a client twice: keep one row of each client.")
        names[cells[ids]] = {name: cells[place] for name, place in places.items()}
    return names


def given_on(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def age_on(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def listed(texts: list[str], separator: str) -> str:
    """As Panorama prints lists: with a separator after the last too."""
    return f"{f'{separator} '.join(texts)}{separator}" if any(texts) else ""


def visit_row(student: dict, visits: list[dict]) -> list[object]:
    nothing_offered = student["diseases_without_agent"].split(", ") if student["diseases_without_agent"] else []
    return [
        student["school_name"] or student["school_id"],
        student["client_id"],
        student["as_of"].isoformat(),
        student["overdue_diseases"],
        student["due_agents"] or "",
        student["due_later"] or "",
        student["diseases_without_agent"] or "",
        next_visit(visits, nothing_offered),
    ]


def row_of(
    student: dict, doses: list[tuple[date, str]], names: dict[str, str], types: dict[str, str], separator: str
) -> dict[str, object]:
    by_day: dict[date, list[str]] = defaultdict(list)
    for day, agent in doses:
        by_day[day].append(agent)
    school = student["school_name"] or student["school_id"]
    school_type = (student["school_type"] or "").strip()
    return {name: names.get(name, "") for name in NAME_COLUMNS} | {
        "School Type": types.get(comparable(school_type), school_type).title(),
        "School Name": school,
        "School Id": student["school_id"],
        "Board Name": student["school_board"] or "",
        "Client Id": student["client_id"],
        "Age": age_on(student["date_of_birth"], student["as_of"]),
        "Date of Birth": student["date_of_birth"].isoformat(),
        "Overdue Disease": listed(student["overdue_diseases"].split(", "), separator),
        "Overdue Agent": listed((student["due_agents"] or "").split(", "), separator),
        "Imms Given": listed([f"{given_on(day)} - {agent}" for day, agent in doses], separator)
        if doses
        else f"- {separator}",
        "Unique ID": f"{school.upper()}-{student['client_id']}",
        "Disease(s)/Agent(s)": student["diseases_and_agents"],
        "Imms History by Agent": " ".join(
            f"[{day.year} {MONTHS[day.month - 1].upper()} {day.day:02}: {', '.join(agents)}]"
            for day, agents in by_day.items()
        ),
    }


def read_list(connection: duckdb.DuckDBPyConnection, options: Options) -> list[tuple[dict, list, list]]:
    """The students on the list, each with the doses on record and those of the visits."""
    students = records_of(
        connection, STUDENTS, {"not_yet_due": options.not_yet_due, "phu": options.phu, "school": options.school}
    )
    connection.execute("create or replace temp table listed (client_id varchar)")
    if students:
        connection.execute("insert into listed select unnest(?)", [[student["client_id"] for student in students]])
    doses = defaultdict(list)
    for client_id, day, agent in connection.execute(DOSES).fetchall():
        doses[client_id].append((day, agent))
    visits = defaultdict(list)
    for dose in records_of(connection, VISITS, []):
        visits[dose["client_id"]].append(dose)
    return [(student, doses[student["client_id"]], visits[student["client_id"]]) for student in students]


def check_known(connection: duckdb.DuckDBPyConnection, options: Options) -> None:
    """Refuses an unknown unit or school: its list would be empty, as if nobody were overdue."""
    units = records_of(connection, UNITS, [])
    if options.phu is not None and options.phu not in {unit["id"] for unit in units}:
        raise NotWritten(f"There is no public health unit {options.phu}. {those_known(units, options.phu)}")
    if options.school is not None:
        schools = records_of(connection, SCHOOLS, {"phu": options.phu})
        if options.school not in {school["id"] for school in schools}:
            where = f" in {options.phu}" if options.phu is not None else ""
            known = those_known(schools, options.school)
            raise NotWritten(f"There is no school {options.school} with students{where}. {known}")


def those_known(places: list[dict], asked: str) -> str:
    def likeness(place: dict) -> float:
        texts = (place["id"], place["name"] or "")
        return max(difflib.SequenceMatcher(None, asked.lower(), text.lower()).ratio() for text in texts)

    few = places if len(places) <= PLACES_NAMED else sorted(places, key=likeness, reverse=True)[:5]
    named = ", ".join(f"{place['id']} ({place['name'] or 'without a name'})" for place in few)
    return f"Known are: {named or 'none'}." if few is places else f"The nearest of {len(places)} are: {named}."


def text_cell(sheet: WriteOnlyWorksheet, value: object) -> object:
    """A text as a cell that no spreadsheet reads as anything else; other values as they are."""
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    # openpyxl takes =… for a formula and #N/A for an error.
    cell.data_type = "s"
    if value.startswith(("=", "+", "-", "@")):
        # A spreadsheet would make a formula of it once somebody edits the cell.
        cell.quotePrefix = True
    return cell


def write(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    """Writes the sheets as a workbook, or the first sheet as a text file."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    path.chmod(0o600)
    if path.suffix.lower() == ".xlsx":
        book = Workbook(write_only=True)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append([text_cell(sheet, value) for value in row])
        book.save(path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(next(iter(sheets.values())))


def what_is_due(as_of: date, assessment_date: date) -> str:
    if as_of == assessment_date:
        return (
            "Due is what counts if given on that last day, whatever today is: for a list of another day build with "
            f"icw build --as-of {as_of.year}-03-01."
        )
    return "Due is what counts if given on that day; doses recorded after it count too."


def export(options: Options) -> str:
    """Writes the list. Returns a sentence or two about what is on it. Raises NotWritten with a sentence."""
    output = options.output
    if output.suffix.lower() not in (".csv", ".xlsx"):
        raise NotWritten(f"OUTPUT {output} must end in .csv or .xlsx.")
    if not output.absolute().parent.is_dir():
        raise NotWritten(f"There is no folder {output.absolute().parent}.")
    if options.names and output.resolve() == options.names.resolve():
        raise NotWritten(f"OUTPUT and NAMES are one file, {output}: the list would replace the names. Name another.")
    existing_warehouse()
    names = {}
    if options.names:
        with tempfile.TemporaryDirectory(prefix=".names_", dir=output.absolute().parent) as scratch:
            names = read_names(options.names, Path(scratch))
    with the_warehouse() as connection:
        check_known(connection, options)
        found = read_list(connection, options)
        ((as_of, assessment_date),) = connection.execute(DAYS).fetchall()
        # In the annex's spelling, since blanks and hyphens of the extract may differ.
        known = connection.execute("select distinct school_type from annex.school_type_priorities").fetchall()
    types = {comparable(name): name for (name,) in known}
    kept = [(student, doses, visits) for student, doses, visits in found if TEN_DIGITS.fullmatch(student["client_id"])]
    panorama = options.form == "panorama"
    columns = dict(zip(PANORAMA_COLUMNS, PANORAMA_COLUMNS, strict=True)) if panorama else IMMUKNOW_COLUMNS
    rows = [
        row_of(student, doses, names.get(student["client_id"], {}), types, "," if panorama else ";")
        for student, doses, _ in kept
    ]
    day = day_of_list(as_of, assessment_date)
    write(
        output,
        {
            f"overdue as of {as_of}": [list(columns), *([row[source] for source in columns.values()] for row in rows)],
            "visits": [
                [f"As of {day}. {what_is_due(as_of, assessment_date)}"],
                list(VISIT_COLUMNS),
                *(visit_row(student, visits) for student, _, visits in kept),
            ],
        },
    )
    said = [
        f"{len(rows)} overdue {'student' if len(rows) == 1 else 'students'} written to {output}, as of {day}.",
        what_is_due(as_of, assessment_date),
    ]
    left_out = len(found) - len(kept)
    if left_out:
        why = "is left out: its client id does" if left_out == 1 else "are left out: their client ids do"
        said.append(f"{left_out} {why} not have ten digits.")
    without = sum(student["client_id"] not in names for student, *_ in kept)
    if without:
        have = "has" if without == 1 else "have"
        said.append(f"{without} {have} no name in {options.names or 'any file: give --names'}.")
    return " ".join(said)


def main(options: Options) -> int:
    try:
        print(export(options))
    except NotWritten as why:
        print(why, file=sys.stderr)
        return 1
    return 0
