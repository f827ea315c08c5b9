"""Every file of a folder is read, named as not read, or stops the build where it resembles an extract."""

import os
import re
import shutil
import zipfile
from pathlib import Path

import document_extracts
import duckdb
import pytest
from extracts_writing import ROWS, notes_read, rows_read, table, write_extracts

from immunization_coverage.extracts import files, preparation
from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractsError

# A name, and the extract that it resembles.
NAMES = {
    "immunization_history_2001.xlsx": "immunization_histories",
    "Immunisation Histories.csv": "immunization_histories",
    "imms_history.csv": "immunization_histories",
    "histories_final.csv": "immunization_histories",
    "client.csv": "clients",
    "cleints.csv": "clients",
    "CLIENTS.json": "clients",
    "clients.csv.bak": "clients",
    "clients.parquet.tmp": "clients",
    "2018 clients.csv": "clients",
    "all_clients_2018.csv": "clients",
    "_clients.csv": "clients",
    "clients2018.csv": "clients",
    "panorama-clients-export.csv": "clients",
    "imunizations.csv": "immunizations",
    "immunization-records.xls": "immunizations",
    "doses_2018.csv": "immunizations",
    "vaccinations.csv": "immunizations",
    "school_list.csv": "schools",
    "Enrolments.csv": "education_records",
    "EducationRecords.csv": "education_records",
    "education.csv": "education_records",
    "exemption.dat": "exemptions",
    "special considerations.csv": "exemptions",
    "notes.txt": None,
    "postal_codes.csv": None,
    "school_boards_contacts.csv": None,
    "phu_boundaries.geojson": None,
    "agents.csv": None,
    "calendar.xlsx": None,
}


@pytest.mark.parametrize(("name", "extract_name"), NAMES.items(), ids=NAMES)
def test_a_name_resembles_an_extract(name, extract_name):
    assert files.resembled(name) == extract_name


SYSTEM_FILES = [
    "~$clients.xlsx",
    ".~lock.clients.xlsx#",
    "Thumbs.db",
    ".DS_Store",
    "desktop.ini",
    "_SUCCESS",
    "_committed_123",
    "_started_123",
    "clients.csv.md5",
    ".part-0000.parquet.crc",
    "._clients.csv",
    "README.md",
    "clients.csv.ok",
    "load.log",
]


def test_files_of_systems_and_programs_are_named_as_not_read(tmp_path):
    folder = write_extracts(tmp_path / "in")
    for name in SYSTEM_FILES:
        (folder / name).write_text(table("clients"))
    prepare(folder, tmp_path / "out")
    assert notes_read(tmp_path / "out") == {(name, "system_file") for name in SYSTEM_FILES}


def test_files_that_resemble_nothing_are_named_as_not_read(tmp_path):
    folder = write_extracts(tmp_path / "in")
    (folder / "postal_codes.csv").write_text("postal_code,city\nM1C3E5,Toronto\n")
    (folder / "scripts").mkdir()
    (folder / "scripts" / "clients.sql").write_text("select * from clients")
    (folder / "elsewhere").symlink_to(tmp_path)
    prepare(folder, tmp_path / "out")
    assert notes_read(tmp_path / "out") == {
        ("postal_codes.csv", "not_read"),
        ("scripts/clients.sql", "not_read"),
        ("elsewhere", "link_not_followed"),
    }


IMMUNIZATIONS = table("immunizations")
# Names beside the five extracts, and a part of the sentence.
RESEMBLING = {
    "immunizations (2).csv": "immunizations (2).csv is named as a copy or an earlier state of immunizations",
    "immunizations_old.csv": "immunizations_old.csv is named as a copy or an earlier state of immunizations",
    "immunizations - Copy.csv": "immunizations - Copy.csv is named as a copy or an earlier state of immunizations",
    "immunizations-2018.csv": "immunizations is there more than once, as immunizations-2018.csv and as ",
    "immunizations.txt": "immunizations is there more than once, as immunizations.csv and as immunizations.txt",
    "immunizations_2.zip": "in a form that is not read (.zip): unpack it into the folder",
    "immunizations.dat": "in a form that is not read (.dat): rename it .txt if it is text with a header",
    "immunizations.xls": "in a form that is not read (.xls): save it as .xlsx or CSV",
    "immunizations.csv.part": "in a form that is not read (.part): let the transfer finish",
    "2018/immunizations.csv": "2018/immunizations.csv is not read, as it is in a folder within the folder",
    "2018/export/imms.csv": "2018/export/imms.csv is not read, as it is in a folder within the folder",
    "given_2018.csv": "given_2018.csv is not read, but holds the columns of immunizations",
    "misc/given_2018.csv": "misc/given_2018.csv is not read, as it is in a folder within the folder",
    "immunization_2.csv": "immunization_2.csv is not read, but its name is like that of immunizations",
}


@pytest.mark.parametrize(("name", "sentence"), RESEMBLING.items(), ids=RESEMBLING)
def test_a_file_that_resembles_an_extract_is_refused(tmp_path, name, sentence):
    folder = write_extracts(tmp_path / "in")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(IMMUNIZATIONS)
    with pytest.raises(ExtractsError) as error:
        prepare(folder, tmp_path / "out")
    (problem,) = error.value.problems
    assert sentence in problem


def test_a_table_of_results_in_a_nested_folder_is_named_as_not_read(tmp_path):
    folder = write_extracts(tmp_path / "in")
    (folder / "expected").mkdir()
    (folder / "expected" / "exemptions.csv").write_text("geography,age,antigen,students\nprovince,7,measles,5\n")
    prepare(folder, tmp_path / "out")
    notes = duckdb.sql(f"select kind, file from '{tmp_path}/out/reading_notes.parquet' where file like 'expected/%'")
    assert notes.fetchall() == [("not_read", "expected/exemptions.csv")]


def test_an_archive_is_looked_into(tmp_path):
    folder = write_extracts(tmp_path / "in")
    with zipfile.ZipFile(folder / "panorama.zip", "w") as archive:
        archive.writestr("export/immunizations_2.csv", IMMUNIZATIONS)
    with pytest.raises(ExtractsError, match="panorama.zip looks like immunizations"):
        prepare(folder, tmp_path / "out")


@pytest.mark.parametrize(
    "names",
    [
        ("immunizations_1.csv", "immunizations_2.txt"),
        ("immunizations_2017.csv", "immunizations-2018.csv"),
        ("immunizations 1.csv", "immunizations.2.csv"),
        ("immunizations/a.csv", "immunizations/year=2018/b.csv"),
        ("Immunizations.csv/part-00000.csv", "Immunizations.csv/part-00001.csv"),
    ],
)
def test_parts_are_read_together(tmp_path, names):
    folder = write_extracts(tmp_path / "in")
    (folder / "immunizations.csv").unlink()
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(table("immunizations", rows=ROWS["immunizations"][2 * number : 2 * number + 2]))
    prepare(folder, tmp_path / "out")
    assert sorted(rows_read(tmp_path / "out", "immunizations")) == ROWS["immunizations"]
    parts = duckdb.sql(
        f"select file, first_row, row_count from '{tmp_path}/out/extract_files.parquet' "
        "where extract_name = 'immunizations' order by first_row"
    ).fetchall()
    assert sorted(file for file, *_ in parts) == sorted(names)
    assert [row[1:] for row in parts] in ([(1, 2), (3, 1)], [(1, 1), (2, 2)])


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda folder: shutil.copy(folder / "1.csv", folder / "2.csv"), "hold the same bytes"),
        (lambda folder: (folder / "_delta_log").mkdir(), "a table with a log of its own"),
        (lambda folder: (folder / "_temporary").mkdir(), "has not finished writing"),
        (lambda folder: shutil.copy(folder / "1.csv", folder / "2.orc"), "in a form that is not read (.orc)"),
    ],
)
def test_a_folder_of_parts_that_cannot_be_trusted_is_refused(tmp_path, made, sentence):
    folder = write_extracts(tmp_path / "in")
    (folder / "clients").mkdir()
    (folder / "clients.csv").rename(folder / "clients" / "1.csv")
    made(folder / "clients")
    with pytest.raises(ExtractsError) as error:
        prepare(folder, tmp_path / "out")
    (problem,) = error.value.problems
    assert sentence in problem


def test_five_faults_are_told_in_one_run(tmp_path):
    folder = write_extracts(tmp_path / "in")
    (folder / "clients.csv").write_text(table("clients").replace("0000000002,2006", "0000000002,Jr,2006"))
    (folder / "schools.csv").write_text(table("schools") + "(9 rows affected)\n")
    (folder / "education_records.csv").rename(folder / "enrolments.csv")
    (folder / "immunizations_2.csv").write_text(IMMUNIZATIONS)
    (folder / "exemptions.csv").write_text("exemption_id,client_id,antigen\n1,2,3\n")
    with pytest.raises(ExtractsError) as error:
        prepare(folder, tmp_path / "out")
    problems = "\n".join(error.value.problems)
    for words in (
        "clients.csv has 5 columns on line 3",
        "schools.csv says on line 4",
        "enrolments.csv is not read",
        "immunizations is there more than once",
        "exemptions.csv has no column reason",
    ):
        assert words in problems


def test_a_file_changed_during_the_build_is_found(tmp_path):
    folder = write_extracts(tmp_path / "in")
    prepared = prepare(folder, tmp_path / "out")
    preparation.verify(prepared)
    (folder / "schools.csv").write_text(table("schools"))
    os.utime(folder / "schools.csv", ns=(1, 1))
    with pytest.raises(ExtractsError, match="schools.csv changed while the warehouse was built"):
        preparation.verify(prepared)


@pytest.mark.parametrize(("name", "may_be_empty"), [("exemptions", True), ("immunizations", False), ("clients", False)])
def test_only_exemptions_may_have_no_rows(tmp_path, name, may_be_empty):
    folder = write_extracts(tmp_path / "in")
    (folder / f"{name}.csv").write_text(table(name, rows=[]))
    if may_be_empty:
        prepare(folder, tmp_path / "out")
        assert notes_read(tmp_path / "out") == {(f"{name}.csv", "extract_without_rows")}
    else:
        with pytest.raises(ExtractsError, match=f"{name}.csv has a header but no rows"):
            prepare(folder, tmp_path / "out")


def test_immunizations_may_have_no_rows_where_there_are_histories(tmp_path):
    folder = write_extracts(tmp_path / "in")
    (folder / "immunizations.csv").write_text(table("immunizations", rows=[]))
    (folder / "immunization_histories.csv").write_text('client_id,history\n0000000001,"Mar 2, 2012 - MMR"\n')
    prepare(folder, tmp_path / "out")
    assert notes_read(tmp_path / "out") == {("immunizations.csv", "extract_without_rows")}


def test_the_page_of_extracts_is_made_from_the_rows_that_the_reading_uses():
    assert document_extracts.PAGE.read_text(encoding="utf-8") == document_extracts.page()


def test_every_stop_and_every_note_has_its_row():
    kinds = {row["kind"] for seed in ("reading_kinds", "reading_stops") for row in document_rows(seed)}
    modules = Path(files.__file__).parent.glob("*.py")
    used = {kind for module in modules for kind in re.findall(r"""\bstop\(\s*"(\w+)\"""", module.read_text())}
    assert used and used <= kinds


def document_rows(seed):
    return document_extracts.rows_of(seed)
