"""A small province of invented students, and the faults that extracts have where people really export them.

`students()` gives the five extracts as rows; a fault changes the rows or the files that are written of them.
"""

import csv
import gzip
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import openpyxl

Rows = list[dict[str, str]]
Extracts = dict[str, Rows]
UNITS = ("Toronto Public Health", "Peel Public Health", "York Region Public Health")
BIRTH_YEARS = {7: 2011, 12: 2006, 17: 2001}
STUDENTS_PER_AGE = 14


def later(day: date, months: int, days: int = 0) -> date:
    """The day so many months later; days of birth here are below 29."""
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1) + timedelta(days=days)


def doses_of(number: int, age: int, birth: date) -> list[tuple[str, date]]:
    """A usual history; some students lack what the antigens of the headline measures ask for."""
    doses = [("DTaP-IPV-Hib", later(birth, months, number % 9)) for months in (2, 4, 6, 18)]
    doses += [("Pneu-C-13", later(birth, months)) for months in (2, 4, 12)]
    doses += [("Men-C-C", later(birth, 12, 1)), ("MMR", later(birth, 12, 1 + number % 20)), ("Var", later(birth, 15))]
    if number % 5:
        doses.append(("MMR-Var", later(birth, 52)))
    doses.append(("Tdap-IPV", later(birth, 50)))
    if age > 7:
        autumn = date(birth.year + 12, 10, 1) + timedelta(days=number)
        if number % 3:
            doses += [("HPV-9", autumn), ("HPV-9", later(autumn, 6))]
        if number % 4:
            doses.append(("Men-C-ACYW-135", autumn))
        doses += [("HB", autumn), ("HB", later(autumn, 6))]
    if age == 17 and number % 6:
        doses.append(("Tdap", later(birth, 14 * 12 + 2)))
    return doses


def students() -> Extracts:
    schools = [
        {
            "school_id": f"{1180 + place:06}",
            "school_name": f"École Érable {place}" if place % 2 else f"Birch Hollow {place}",
            "school_type": "secondary school" if place > 2 else "elementary school",
            "public_health_unit": UNITS[place % 3],
            "school_board": "Board A",
        }
        for place in range(6)
    ]
    extracts: Extracts = {
        "clients": [], "schools": schools, "education_records": [], "immunizations": [], "exemptions": []
    }  # fmt: skip
    for place, (age, year) in enumerate((a, y) for a, y in BIRTH_YEARS.items() for _ in range(STUDENTS_PER_AGE)):
        number = place % STUDENTS_PER_AGE
        client_id = f"{8191 * (place + 1) if place % 2 else 1000487655 + 97531 * place:010}"
        birth = date(year, 1 + number % 12, 1 + (place * 7) % 28)
        extracts["clients"].append(
            {
                "client_id": client_id,
                "date_of_birth": birth.isoformat(),
                "gender": "F" if number % 2 else "M",
                "client_status": "Inactive" if number == 13 else "Active",
            }
        )
        extracts["education_records"].append(
            {
                "education_record_id": f"ED{place:06}",
                "client_id": client_id,
                "school_id": schools[number % 3 + (3 if age == 17 else 0)]["school_id"],
                "effective_from": "2018-09-04",
                "effective_to": "" if number % 2 else "2019-06-28",
                "grade": "12" if age == 17 else f"{age - 5:02}",
            }
        )
        for agent, day in doses_of(number, age, birth):
            extracts["immunizations"].append(
                {
                    "immunization_id": f"IM{len(extracts['immunizations']) + 1:08}",
                    "client_id": client_id,
                    "agent": agent,
                    "administered_date": day.isoformat(),
                    "trade_name": "",
                    "lot_number": "",
                    "reported_by": "",
                    "recorded_date": (day + timedelta(days=30)).isoformat(),
                }
            )
        if number in (4, 9):
            extracts["exemptions"].append(
                {
                    "exemption_id": f"EX{place:04}",
                    "client_id": client_id,
                    "antigen": "Measles (M)",
                    "reason": "Philosophical reason" if number == 4 else "Medical - documented immunity",
                    "effective_from": "2015-03-02",
                    "effective_to": "",
                }
            )
    return extracts


def as_text(rows: Rows, delimiter: str = ",", header: bool = True, line_end: str = "\n") -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=delimiter, lineterminator=line_end)
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def write(folder: Path, extracts: Extracts) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in extracts.items():
        (folder / f"{name}.csv").write_text(as_text(rows), encoding="utf-8")


def write_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)


def grid(rows: Rows, header: bool = True) -> list[list[object]]:
    return ([list(rows[0])] if header else []) + [list(row.values()) for row in rows]


def changed(name: str, column: str, change: Callable[[str], str], where: Callable[[dict[str, str]], bool] = bool):
    """A fault of one column's values: `change` of each that is filled, in the rows `where`."""

    def fault(extracts: Extracts) -> None:
        for row in extracts[name]:
            if row[column] and where(row):
                row[column] = change(row[column])

    return fault


def dated(name: str, column: str, shape: str | Callable[[date], str], where: Callable[[dict[str, str]], bool] = bool):
    """A fault of one column's dates, written in another shape."""

    def change(text: str) -> str:
        day = date.fromisoformat(text)
        return shape(day) if callable(shape) else day.strftime(shape)

    return changed(name, column, change, where)


def in_autumn_2018(row: dict[str, str]) -> bool:
    return row["administered_date"] >= "2018-09-01"


def gzipped(folder: Path, name: str) -> None:
    path = folder / f"{name}.csv"
    with gzip.open(folder / f"{name}.csv.gz", "wb") as target:
        target.write(path.read_bytes())
    path.unlink()
