"""Extracts as people really have them: a build publishes the right numbers, or stops and names the cause.

Each fault is drawn from the invented province of door_extracts. Faults that are read are built together, since they
have to leave every number as it is; faults that stop have to be named each in one run.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import ICW, dbt_folders, long
from door_extracts import (
    Extracts,
    as_text,
    changed,
    dated,
    grid,
    gzipped,
    in_autumn_2018,
    students,
    write,
    write_workbook,
)

from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractsError

NUMBERS = (
    "select 'coverage', * exclude (build_id) from marts.coverage",
    "select 'series', * exclude (build_id) from marts.series_uptake",
    "select 'exemptions', * exclude (build_id) from marts.exemptions",
    "select 'all_ispa', * exclude (build_id) from marts.coverage_all_ispa",
)
# What these are made of and the gates, with their data tests.
SELECTED = (
    "--indirect-selection", "buildable",
    "--select", "+coverage", "+series_uptake", "+exemptions_by_antigen", "+coverage_all_ispa", "+data_quality",
)  # fmt: skip
FRENCH_MONTHS = [
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
]  # fmt: skip


@dataclass
class Run:
    returncode: int
    output: str
    numbers: list[tuple]


def build(folder: Path, place: Path, **environment: str) -> Run:
    warehouse = place / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    variables = {name: value for name, value in os.environ.items() if name not in ("COMPARE_WITH", "ACCEPT")}
    variables |= {"EXTRACTS_DIR": str(folder), "WAREHOUSE_PATH": str(warehouse)}
    variables |= dbt_folders(place) | environment
    done = subprocess.run(
        [ICW, "build", *SELECTED],
        env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    numbers = []
    if warehouse.exists():
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            for query in NUMBERS:
                numbers += [tuple(map(str, row)) for row in connection.execute(query).fetchall()]
    return Run(done.returncode, done.stdout + done.stderr, sorted(numbers))


@pytest.fixture(scope="module")
def plain(tmp_path_factory, place_of_builds) -> Run:
    """The province as the contract asks for it."""
    folder = tmp_path_factory.mktemp("plain")
    write(folder / "extracts", students())
    return build(folder / "extracts", place_of_builds)


def french(day: date) -> str:
    return f"{'1er' if day.day == 1 else day.day} {FRENCH_MONTHS[day.month - 1]} {day.year}"


# What is read by meaning: the rows of the extracts are changed.
VALUES_READ = [
    changed("clients", "gender", {"F": "Femme", "M": "male"}.__getitem__),
    changed("clients", "client_status", lambda status: f"\u00a0{status.upper()}\u200b"),
    changed("clients", "client_id", lambda client_id: f'="{client_id}"'),
    dated("clients", "date_of_birth", "%d-%b-%Y", lambda row: row["date_of_birth"] < "2006"),
    changed("education_records", "client_id", lambda client_id: f"'{client_id}\u3000"),
    dated("education_records", "effective_from", "%Y%m%d"),
    changed("schools", "school_type", str.upper),
    changed("immunizations", "agent", lambda agent: agent.replace("-", "–"), lambda row: row["client_id"] < "1"),
    dated("immunizations", "administered_date", "%Y-%m-%d 14:35:00", in_autumn_2018),
    dated("immunizations", "administered_date", french, lambda row: row["administered_date"] < "2003"),
    dated("immunizations", "recorded_date", "%B %d, %Y"),
    changed("exemptions", "reason", lambda reason: reason.removesuffix(" reason").removeprefix("Medical - ")),
    changed("exemptions", "antigen", lambda _: "Measles"),
]


def no_values(extracts: Extracts) -> None:
    for row in extracts["education_records"]:
        row["effective_to"] = row["effective_to"] or "9999-12-31"
    for row in extracts["exemptions"]:
        row["effective_to"] = "NULL"


# What is read in another form: the files are changed.
def as_parts(folder: Path, extracts: Extracts) -> None:
    rows = extracts["immunizations"]
    (folder / "immunizations_1.csv").write_text(as_text(rows[:300]))
    gzip_rows = as_text(rows[300:])
    (folder / "immunizations_2.csv").write_text(gzip_rows)
    (folder / "immunizations.csv").unlink()
    gzipped(folder, "immunizations_2")


def as_workbook(folder: Path, extracts: Extracts) -> None:
    rows = grid(extracts["clients"])
    write_workbook(folder / "clients.xlsx", {"Page1_1": [["Clients by unit"], [], *rows], "Notes": [["Extracted by"]]})
    (folder / "clients.csv").unlink()


def with_title_and_footer(folder: Path, extracts: Extracts) -> None:
    rows = extracts["education_records"]
    text = as_text(rows, "|")
    (folder / "education_records.csv").write_text(f"Enrolment report\n\n{text}\n({len(rows)} rows affected)\n")


def in_latin_1(folder: Path, extracts: Extracts) -> None:
    (folder / "schools.csv").write_bytes(as_text(extracts["schools"], ";").encode("latin-1"))


def with_system_files(folder: Path, extracts: Extracts) -> None:
    for name in ("~$clients.xlsx", "Thumbs.db", "_SUCCESS"):
        (folder / name).write_bytes(b"x")


FILES_READ = [as_parts, as_workbook, with_title_and_footer, in_latin_1, with_system_files]


def test_the_province_is_published_as_it_is(plain):
    assert plain.returncode == 0, plain.output
    assert len(plain.numbers) > 1000


def test_values_that_can_mean_one_thing_are_read(plain, tmp_path, place_of_builds):
    extracts = students()
    for fault in (*VALUES_READ, no_values):
        fault(extracts)
    write(tmp_path / "extracts", extracts)
    run = build(tmp_path / "extracts", place_of_builds)
    assert run.returncode == 0, run.output
    assert run.numbers == plain.numbers


@long
def test_files_in_other_forms_are_read(plain, tmp_path, place_of_builds):
    extracts = students()
    write(tmp_path / "extracts", extracts)
    for fault in FILES_READ:
        fault(tmp_path / "extracts", extracts)
    run = build(tmp_path / "extracts", place_of_builds)
    assert run.returncode == 0, run.output
    assert run.numbers == plain.numbers


# Faults of values that stop, and what names each: the check and the words in what is said of it.
VALUES_THAT_STOP = {
    "clients_unknown_gender": changed("clients", "gender", {"F": "0", "M": "1"}.__getitem__),
    "immunizations_administered_date_not_a_date_by_shape": dated(
        "immunizations", "administered_date", "%d/%m/%Y", in_autumn_2018
    ),
    "immunizations_unknown_agent": changed(
        "immunizations", "agent", lambda agent: agent.replace("Tdap-IPV", "Booster")
    ),
    "exemptions_unknown_reason": changed("exemptions", "reason", lambda _: "Other"),
    "schools_unknown_phu": changed("schools", "public_health_unit", lambda unit: unit.replace("Peel", "Pele")),
}


def test_five_faults_of_values_are_each_named_in_one_run(tmp_path, place_of_builds):
    extracts = students()
    for fault in VALUES_THAT_STOP.values():
        fault(extracts)
    write(tmp_path / "extracts", extracts)
    run = build(tmp_path / "extracts", place_of_builds)
    assert run.returncode == 1, run.output
    assert run.numbers == []
    assert [check for check in VALUES_THAT_STOP if check not in run.output] == []


def test_five_faults_of_files_are_each_named_in_one_run(tmp_path):
    folder = tmp_path / "extracts"
    extracts = students()
    doses = [
        row | {"Dose Status": "refused" if row["agent"] == "Var" else "given"} for row in extracts["immunizations"]
    ]
    write(folder, extracts | {"immunizations": doses})
    (folder / "clients (2).csv").write_bytes((folder / "clients.csv").read_bytes())
    (folder / "schools.csv").write_text(as_text(extracts["schools"]).replace("Birch Hollow 2", "Birch, Hollow 2"))
    with (folder / "education_records.csv").open("a") as enrolments:
        enrolments.write("(999 rows affected)\n")
    (folder / "exemptions.csv").write_text(as_text(extracts["exemptions"]).replace("reason", "why", 1))
    with pytest.raises(ExtractsError) as error:
        prepare(folder, tmp_path / "prepared")
    said = "\n".join(error.value.problems)
    for words in (
        r"clients \(2\)\.csv is named as a copy",
        r"schools\.csv has 6 columns on line 4",
        r"education_records\.csv says on line \d+ that it has 999 rows",
        r"immunizations\.csv: the column 'Dose Status' says of 42 of 618 rows that they are not in force",
        r"exemptions\.csv has no column reason",
    ):
        assert re.search(words, said), words


@long
def test_a_column_is_used_as_the_user_says(plain, tmp_path, place_of_builds):
    """Refused doses, a voided row that has its id's other row after it, and a cancelled enrolment are left out."""
    extracts = students()
    given = extracts["immunizations"]
    refused = [row | {"immunization_id": f"{row['immunization_id']}R", "agent": "MMR"} for row in given[:40]]
    extracts["immunizations"] = [row | {"Dose Status": "not-done"} for row in refused]
    extracts["immunizations"] += [row | {"Dose Status": "voided", "agent": "Var"} for row in given[40:60]]
    extracts["immunizations"] += [row | {"Dose Status": "completed"} for row in given]
    write(tmp_path / "extracts", extracts)
    run = build(tmp_path / "extracts", place_of_builds)
    assert run.returncode == 1, run.output
    asked = re.findall(r"^ *(immunizations,Dose Status,.*,not_in_force)$", run.output, re.MULTILINE)
    assert asked == [
        "immunizations,Dose Status,not-done,not_in_force", "immunizations,Dose Status,voided,not_in_force"
    ]  # fmt: skip
    own = tmp_path / "meanings.csv"
    own.write_text("\n".join(("extract_name,header,value,meaning", *asked)) + "\n")
    run = build(tmp_path / "extracts", place_of_builds, COLUMN_MEANINGS=str(own))
    assert run.returncode == 0, run.output
    assert run.numbers == plain.numbers
    with duckdb.connect(str(place_of_builds / "warehouse.duckdb"), read_only=True) as connection:
        (rows_failed,) = connection.execute(
            "select rows_failed from marts.data_quality where \"check\" = 'immunizations_not_in_force'"
        ).fetchone()
        found = connection.execute(
            "select value, count(*) from assessment.data_quality_findings "
            "where check_name = 'immunizations_not_in_force' group by 1 order by 1"
        ).fetchall()
    assert rows_failed == 60
    assert found == [("Dose Status: not-done", 40), ("Dose Status: voided", 20)]
