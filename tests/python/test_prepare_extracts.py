"""Extracts as people export them: what can be read comes out cell for cell, what cannot is refused in one sentence.

Cells of broken files say SECRET, so that every refusal is also held to print nothing of a row.
"""

import csv
import ctypes
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from conftest import ICW, LONG, SHARED
from hypothesis import example, given, settings
from hypothesis import strategies as st

from immunization_coverage.extracts import command, decoding
from immunization_coverage.extracts.columns import COLUMNS, HEADERS_FILE, OPTIONAL_EXTRACTS, normalised
from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractsError
from immunization_coverage.extracts.rows import DELIMITERS

SAMPLE = SHARED / "data" / "panorama_sample.csv"
CLIENTS = "client_id,date_of_birth,gender,client_status\n"
CLIENT = "0000SECRET,2011-12-14,F,Active\n"
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


def write_minimal_extracts(folder: Path) -> Path:
    """The five required extracts, each with one row of text."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (required, _) in COLUMNS.items():
        if name not in OPTIONAL_EXTRACTS:
            (folder / f"{name}.csv").write_text(f"{','.join(required)}\n{','.join('0SECRET' for _ in required)}\n")
    return folder


def rows_of(output: Path, name: str) -> list[tuple]:
    return duckdb.sql(f"from read_parquet('{output / name}.parquet')").fetchall()


def columns_of(output: Path, name: str) -> list[str]:
    return duckdb.sql(f"from read_parquet('{output / name}.parquet')").columns


@pytest.fixture
def folder(tmp_path):
    return write_minimal_extracts(tmp_path / "extracts")


@pytest.fixture
def output(tmp_path):
    return tmp_path / "prepared"


@pytest.fixture
def refusal(folder, output, capsys):
    """Run the command on the folder, which must refuse it; its sentences."""

    def run() -> list[str]:
        output.mkdir(exist_ok=True)
        (output / "clients.parquet").write_bytes(b"of an earlier run")
        assert command.main(folder, output) == 2
        printed = capsys.readouterr()
        assert "SECRET" not in printed.out + printed.err
        assert os.listdir(output) == ["clients.parquet"]
        assert (output / "clients.parquet").read_bytes() == b"of an earlier run"
        return printed.err.splitlines()

    return run


# ---- what can be read -----------------------------------------------------------------------------------------------

FORMULA = "=cmd|' /C calc'!A0"
SPECIAL_CELLS = ["", " ", "00012", '"', '""', "a,b", "a;b", "a\tb", "two\nlines", "two\r\nlines", FORMULA, "NULL"]


def cells(encoding: str) -> st.SearchStrategy[str]:
    characters = st.characters(codec="cp1252" if encoding == "Windows-1252" else "utf-8", exclude_characters="\0\x1a")
    text = st.text(characters, max_size=12)
    if encoding == "Windows-1252":
        # Two of its letters in a row that are one of UTF-8 could be either.
        text = text.filter(lambda cell: not re.search(rb"[\xc2-\xf4][\x80-\xbf]", cell.encode("cp1252")))
    return st.one_of(st.sampled_from(SPECIAL_CELLS), text)


@st.composite
def tables(draw):
    encoding = draw(st.sampled_from(["UTF-8", "UTF-8 with BOM", "UTF-16", "Windows-1252"]))
    cell = cells(encoding)
    return encoding, draw(st.lists(st.tuples(cell, cell, cell), max_size=8))


def csv_text(rows, delimiter, line_end, quote_all, is_ended):
    def quote(cell):
        special = quote_all or any(character in cell for character in ('"', "\r", "\n", ",", ";", "\t"))
        return '"' + cell.replace('"', '""') + '"' if special else cell

    return line_end.join(delimiter.join(map(quote, row)) for row in rows) + (line_end if is_ended else "")


@settings(max_examples=150 if LONG else 40, deadline=None)
@given(
    table=tables(),
    delimiter=st.sampled_from([",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quote_all=st.booleans(),
    is_ended=st.booleans(),
)
def test_the_cells_of_any_text_file_come_out_as_they_went_in(table, delimiter, line_end, quote_all, is_ended):
    encoding, rows = table
    codec = {"UTF-8": "utf-8", "UTF-8 with BOM": "utf-8-sig", "UTF-16": "utf-16", "Windows-1252": "cp1252"}[encoding]
    # The accent makes the file invalid as UTF-8 where it is Windows-1252.
    text = csv_text([("Client Id", "Prénom", "history"), *rows], delimiter, line_end, quote_all, is_ended)
    with tempfile.TemporaryDirectory() as scratch:
        folder, output = write_minimal_extracts(Path(scratch) / "in"), Path(scratch) / "out"
        (folder / "immunization_histories.csv").write_bytes(text.encode(codec))
        prepared = prepare(folder, output)[-1]
        found = rows_of(output, "immunization_histories")
    assert found == [(client or None, history or None) for client, name, history in rows if client or name or history]
    assert prepared.rows == len(found)
    assert prepared.encoding == encoding.removesuffix(" with BOM")
    assert prepared.delimiter == DELIMITERS[delimiter]
    assert prepared.columns == {"client_id": "Client Id", "history": "history"}


@settings(max_examples=200, deadline=None)
@given(
    column=st.sampled_from(["date_of_birth", "school_daycare_id", "imms_history_by_agent"]),
    separators=st.lists(st.text(" _-/\t\N{NO-BREAK SPACE}", min_size=1, max_size=3), min_size=3, max_size=3),
    upper=st.lists(st.booleans(), min_size=30, max_size=30),
    around=st.text(" _\t", max_size=2),
)
def test_headers_compare_without_case_blanks_hyphens_and_slashes(column, separators, upper, around):
    words = column.split("_")
    header = words[0] + "".join(separator + word for separator, word in zip(separators, words[1:], strict=False))
    header = "".join(c.upper() if is_upper else c for c, is_upper in zip(header, upper, strict=False))
    assert normalised(around + header + around) == column.replace("_", " ")


@settings(max_examples=40, deadline=None)
@given(chunk_bytes=st.integers(1, 9), text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_a_character_across_the_edge_of_two_chunks_is_no_error(chunk_bytes, text):
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "CHUNK_BYTES", chunk_bytes)
        path = Path(scratch) / "text.csv"
        path.write_bytes(text.encode())
        assert decoding.invalid_utf8_at(path) is None
        path.write_bytes(text.encode() + b"\xe9 and more")
        assert decoding.invalid_utf8_at(path) == len(text.encode())


def test_columns_may_be_shuffled_and_panoramas_own(folder, output):
    (folder / "immunizations.csv").write_text(
        "Trade Name;Last Name;Date Administered;Immunizing Agent;Client Id;Lot #;Immunization ID\n"
        "Pediacel;SECRET;2013 AUG 20;DTaP-IPV-Hib;0009876543;A1;0042\n"
    )
    prepare(folder, output)
    assert columns_of(output, "immunizations") == [
        "immunization_id", "client_id", "agent", "administered_date", "trade_name", "lot_number",
    ]
    assert rows_of(output, "immunizations") == [
        ("0042", "0009876543", "DTaP-IPV-Hib", "2013 AUG 20", "Pediacel", "A1")
    ]


def test_windows_1252_with_accents_and_semicolons_is_read(folder, output):
    (folder / "schools.csv").write_bytes(
        "School/ Daycare ID;School Name;School Type;PHU\r\n001234;École Élémentaire Jeanne-d’Arc;Elementary;Ottawa\r\n"
        .encode("cp1252") + b"001235;\x81;Elementary;Ottawa\r\n"
    )
    prepared = {file.extract_name: file for file in prepare(folder, output)}["schools"]
    assert rows_of(output, "schools") == [
        ("001234", "École Élémentaire Jeanne-d’Arc", "Elementary", "Ottawa"),
        ("001235", "\x81", "Elementary", "Ottawa"),
    ]
    assert (prepared.encoding, prepared.delimiter, prepared.rows) == ("Windows-1252", "semicolon", 2)


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nclient_id;history\r\n01;a\r\n02;b\r\n",
        "\n\nclient_id,history\n01,a\n\n,\n02,b\n\n",
        "client_id,history\r\n01,a\n02,b\r\n",
        "client_id,history,\n01,a,\n02,b,\n",
        'client_id,history,"two\nlines"\r\n01,a,x\r\n02,b,\r\n',
    ],
    ids=["Excel's sep line", "blank lines", "line ends that differ", "delimiter at the end", "line break in a header"],
)
def test_untidy_but_clear_files_are_read(folder, output, text):
    (folder / "immunization_histories.csv").write_bytes(text.encode())
    prepare(folder, output)
    assert rows_of(output, "immunization_histories") == [("01", "a"), ("02", "b")]


def test_a_cell_of_ten_megabytes_is_read(folder, output):
    cell = "é" * 5_000_000
    (folder / "immunization_histories.csv").write_text(f"client_id,history\n01,{cell}\n02,short\n")
    prepare(folder, output)
    assert rows_of(output, "immunization_histories") == [("01", cell), ("02", "short")]


def test_an_injected_formula_is_text(folder, output):
    (folder / "immunization_histories.csv").write_text(f"client_id,history\n01,{FORMULA}\n")
    prepare(folder, output)
    assert rows_of(output, "immunization_histories") == [("01", FORMULA)]


def test_parts_are_read_in_the_order_of_their_names(folder, output):
    (folder / "clients.csv").unlink()
    (folder / "clients_2.csv").write_text("Client Id,DOB,Gender,Status\n02,b,F,Active\n03,c,F,Active\n")
    (folder / "clients_1.csv").write_bytes(b"client_status;gender;client_id;date_of_birth\nActiv\xe9;F;01;a\n")
    prepared = [file for file in prepare(folder, output) if file.extract_name == "clients"]
    assert [row[:2] for row in rows_of(output, "clients")] == [("01", "a"), ("02", "b"), ("03", "c")]
    assert [(file.path.name, file.rows, file.encoding) for file in prepared] == [
        ("clients_1.csv", 1, "Windows-1252"), ("clients_2.csv", 2, "UTF-8"),
    ]


def test_rows_keep_their_order_and_quoted_line_breaks_in_a_large_file(folder, output):
    rows = [(f"{i:010}", f'line\n"{i}"' if i % 3 else "x" * (i % 50)) for i in range(300_000)]
    with (folder / "immunization_histories.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("client_id", "history"), *rows])
    prepare(folder, output)
    assert rows_of(output, "immunization_histories") == [(client, history or None) for client, history in rows]


def test_a_folder_of_parquet_parts_is_merged_as_text_and_dates(folder, output):
    (folder / "clients.csv").unlink()
    (folder / "clients").mkdir()
    for part, born in (("b", "timestamp '2012-01-02'"), ("a", "date '2011-01-02'")):
        duckdb.sql(f"""
            copy (select 7 as "Client Id", {born} as DOB, 'F' as gender, 'x' as client_status, 'SECRET' as name)
            to '{folder}/clients/{part}.parquet'
        """)
    prepare(folder, output)
    assert columns_of(output, "clients") == ["client_id", "date_of_birth", "gender", "client_status"]
    assert rows_of(output, "clients") == [("7", date(2011, 1, 2), "F", "x"), ("7", date(2012, 1, 2), "F", "x")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1009876543::double", "1009876543"),
        ("1.5::double", "1.5"),
        ("42.00::decimal(10, 2)", "42"),
        ("encode('é')", "é"),
        ("timestamp '2012-01-02 10:30:00'", "2012-01-02 10:30:00"),
        ("timestamp '2012-01-02 00:00:00'", "2012-01-02"),
    ],
)
def test_types_of_parquet_become_text(folder, output, value, expected):
    duckdb.sql(f"copy (select '01' as client_id, {value} as history) to '{folder}/immunization_histories.parquet'")
    prepare(folder, output)
    assert rows_of(output, "immunization_histories") == [("01", expected)]


def test_parquet_that_is_as_the_contract_says_is_linked(folder, output):
    source = folder / "immunization_histories.parquet"
    duckdb.sql(f"copy (select '01' as client_id, 'a' as history) to '{source}'")
    prepare(folder, output)
    assert (output / source.name).samefile(source)


def test_excel_keeps_leading_zeros_and_dates(folder, output):
    openpyxl = pytest.importorskip("openpyxl")
    (folder / "clients.csv").unlink()
    workbook = openpyxl.Workbook()
    workbook.active.append(["Client Id", "First Name", "Date of Birth", "Gender", "Client Status"])
    workbook.active.append(["0009876543", "SECRET", datetime(2013, 6, 15), "F", "Active"])
    workbook.active.append([1009876543, "SECRET", "2013 JUN 16", None, "=cmd"])
    workbook.active["E3"].data_type = "s"
    workbook.create_sheet("Notes").append(["Exported by nobody"])
    workbook.save(folder / "clients.xlsx")
    prepare(folder, output)
    assert rows_of(output, "clients") == [
        ("0009876543", "2013-06-15", "F", "Active"), ("1009876543", "2013 JUN 16", None, "=cmd"),
    ]


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample is not beside the project")
def test_panoramas_sample_is_read_without_names_and_addresses(folder, output):
    shutil.copy(SAMPLE, folder / "immunization_histories.csv")
    prepared = prepare(folder, output)[-1]
    assert prepared.columns == {"client_id": "Client Id", "history": "Imms History by Agent"}
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        sample = list(csv.DictReader(file))
    assert rows_of(output, "immunization_histories") == [
        (row["Client Id"], row["Imms History by Agent"] or None) for row in sample
    ]
    content = (output / "immunization_histories.parquet").read_bytes()
    for row in sample:
        for column in ("First Name", "Last Name", "Street Address Line 1", "City", "Postal Code"):
            assert not row[column] or row[column].encode() not in content


def test_a_second_run_replaces_the_first_and_leaves_nothing_else(folder, output):
    (folder / "immunization_histories.csv").write_text("client_id,history\n01,a\n")
    prepare(folder, output)
    assert (output / "immunization_histories.parquet").exists()
    (folder / "immunization_histories.csv").unlink()
    prepare(folder, output)
    required = set(COLUMNS) - set(OPTIONAL_EXTRACTS)
    assert {path.name for path in output.iterdir()} == {
        f"{name}.parquet" for name in (*required, "extract_files", "reading_notes")
    }


def test_what_is_prepared_is_the_owners_only(folder, output):
    prepare(folder, output)
    assert stat.S_IMODE(output.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in output.iterdir()} == {0o600}


def test_a_folder_whose_name_has_pattern_characters_is_read(folder, output):
    odd = folder.rename(folder.with_name("it's [2018] *?"))
    assert len(prepare(odd, output)) == 5


# ---- what is refused ------------------------------------------------------------------------------------------------

BROKEN_CLIENTS = {
    "a truncated row": (
        CLIENTS + CLIENT + "0000SEC",
        "clients.csv is cut off: its last row, on line 3, has 1 column where the header has 4: export it again.",
    ),
    "a quoted cell without an end": (
        CLIENTS + CLIENT + '"0000SECRET,2011',
        "clients.csv is cut off inside a quoted cell, or lacks a closing quotation mark, in the row that begins on "
        "line 3: export it again, with quotation marks in cells doubled.",
    ),
    "ragged rows": (
        CLIENTS + '"0000\nSECRET",2011-12-14,F,Active\n' + "SECRET," + CLIENT + CLIENT + "SECRET,x\n",
        "clients.csv has 5 columns on line 4 where the header has 4 (the first of 2 such rows): export it again, with "
        "quotation marks around cells that hold the delimiter.",
    ),
    "text after a quoted cell": (
        CLIENTS + '"0000"SECRET"",2011-12-14,F,Active\n',
        "clients.csv has text after a closing quotation mark in the row that begins on line 2: "
        "export it again, with quotation marks in cells doubled.",
    ),
    "a NUL byte": (
        CLIENTS + CLIENT + "0000SECRET,\0,F,Active\n",
        "clients.csv holds a NUL byte on line 3: the file is damaged, or mixes encodings: export it again as UTF-8.",
    ),
    "NUL bytes to the end": (
        CLIENTS + CLIENT + "0000SEC" + "\0" * 500,
        "clients.csv ends in NUL bytes after line 3: it was cut off when it was copied: copy or export it again.",
    ),
    "half a UTF-16 character": (
        (CLIENTS + CLIENT).encode("utf-16") + b"x",
        "clients.csv begins as UTF-16 but is not, or is cut off: export it again.",
    ),
    "a header only": (CLIENTS, "clients.csv has a header but no rows: export it again, as clients must not be empty."),
    "blank rows only": (
        CLIENTS + ",,,\n\n", "clients.csv has a header but no rows: export it again, as clients must not be empty.",
    ),
    "nothing": ("", "clients.csv is empty, without even a header: export it again."),
    "a misspelt header": (
        CLIENTS.replace("birth", "brith") + CLIENT,
        "clients.csv has no column date_of_birth (its headers are 'client_id', 'date_of_brith', 'gender', "
        "'client_status'; the nearest is 'date_of_brith'): rename a header, or add it to extract_headers.csv.",
    ),
    "no header": (
        CLIENT,
        "clients.csv has no header that is known for clients in its first row: "
        "put a row with client_id, date_of_birth, gender, client_status above the data.",
    ),
    "two headers for one column": (
        CLIENTS.replace("gender", "DOB") + CLIENT,
        "clients.csv has more than one header for the column date_of_birth, 'date_of_birth' and 'DOB': "
        "remove or rename all but one, or change extract_headers.csv.",
    ),
    "a workbook": (
        b"PK\x03\x04SECRET",
        "clients.csv is not text but an Excel workbook or another zip archive: "
        "export it as CSV, or give it its own ending.",
    ),
    "a web page": (
        "<!doctype html>SECRET", "clients.csv is not text but a web page: export it as CSV, or give it its own ending.",
    ),
}


@pytest.mark.parametrize(("content", "sentence"), BROKEN_CLIENTS.values(), ids=BROKEN_CLIENTS)
def test_a_broken_text_file_is_refused_in_one_sentence(folder, refusal, content, sentence):
    (folder / "clients.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert sentence in refusal()


def test_a_first_row_of_data_is_not_printed_though_a_name_is_like_a_header(folder, refusal):
    (folder / "clients.csv").write_text("1000000000,Gendron,Zora,2011-05-03,F,Active\n")
    (sentence,) = refusal()
    assert not any(cell in sentence for cell in ("Gendron", "Zora", "1000000000", "2011"))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("clients.parquet", b"SECRET", "clients.parquet is not a Parquet file: export it again."),
        (
            "clients.parquet", b"PAR1SECRET",
            "clients.parquet is cut off, as a Parquet file ends in PAR1: copy or export it again.",
        ),
        (
            "clients.parquet", b"PAR1SECRETPAR1",
            "clients.parquet is damaged and cannot be read as Parquet: export it again.",
        ),
        (
            "clients.xlsx", b"\xd0\xcf\x11\xe0SECRET",
            "clients.xlsx is not an Excel workbook (.xlsx) but an old (.xls) or password-protected Excel workbook: "
            "save it again as .xlsx, without a password.",
        ),
        (
            "clients.xlsx", b"PK\x03\x04SECRET",
            "clients.xlsx cannot be read as an Excel workbook: save it again as .xlsx, without a password, or as CSV.",
        ),
    ],
)
def test_a_file_that_is_not_what_its_ending_says_is_refused(folder, refusal, name, content, sentence):
    (folder / "clients.csv").unlink()
    (folder / name).write_bytes(content)
    assert refusal() == [sentence]


def test_an_extract_in_two_forms_is_refused(folder, refusal):
    shutil.copy(folder / "clients.csv", folder / "Clients_1.CSV")
    assert refusal() == ["clients is there more than once, as Clients_1.CSV and as clients.csv: keep one of them."]


def test_a_name_like_an_extracts_is_refused(folder, refusal):
    (folder / "clients.csv").rename(folder / "client.csv")
    assert refusal() == [
        "client.csv is not read, but its name is like that of clients: rename it clients.csv if it belongs to that "
        "extract, else take it out of the folder."
    ]


def test_a_missing_extract_is_refused(folder, refusal):
    (folder / "clients.csv").unlink()
    assert refusal() == [
        f"clients is missing: {folder} has no clients.csv (.txt, .tsv, .parquet, .xlsx), no folder clients and no "
        "clients_*.csv: export it or rename it."
    ]


def test_a_missing_folder_is_refused(folder, refusal):
    shutil.rmtree(folder)
    assert refusal() == [
        f"The folder of extracts {folder} cannot be read (it does not exist, or is a link to what does not exist): "
        "put it there."
    ]


def test_a_symbolic_link_that_leads_back_to_itself_is_refused(folder, refusal):
    for name in ("clients.csv", "schools.csv"):
        (folder / name).unlink()
    (folder / "clients.csv").symlink_to("clients.csv")
    (folder / "schools").symlink_to("schools")
    because = (
        "cannot be read (a symbolic link that leads back to itself): replace it by the file that it should point to."
    )
    assert sorted(refusal()) == [f"clients.csv {because}", f"schools {because}"]


def test_an_empty_folder_in_a_files_place_is_refused(folder, refusal):
    (folder / "clients.csv").unlink()
    (folder / "clients.csv").mkdir()
    assert refusal() == [
        "The folder clients.csv has no file that ends in .csv, .txt, .tsv, .parquet, .xlsx: "
        "put the extract's files there or remove it."
    ]


def test_a_pipe_in_a_files_place_is_refused(folder, refusal):
    (folder / "clients.csv").unlink()
    os.mkfifo(folder / "clients.csv")
    assert refusal() == ["clients.csv is no regular file: put a file in its place."]


def test_a_folder_without_files_is_refused(folder, refusal):
    (folder / "clients.csv").unlink()
    (folder / "clients").mkdir()
    assert refusal() == [
        "The folder clients has no file that ends in .csv, .txt, .tsv, .parquet, .xlsx: "
        "put the extract's files there or remove it."
    ]


def test_every_problem_is_printed_at_once(folder, refusal):
    (folder / "clients.csv").write_text("client_id,gender\n0SECRET,F\n")
    (folder / "schools.csv").unlink()
    (folder / "exemptions.csv").write_bytes(b"")
    sentences = refusal()
    assert len(sentences) == 4
    assert sorted(sentence.split()[0] for sentence in sentences) == [
        "clients.csv", "clients.csv", "exemptions.csv", "schools",
    ]


def test_the_output_folder_cannot_be_the_extracts_own(folder):
    with pytest.raises(ExtractsError, match="holds the extracts themselves"):
        prepare(folder, folder)


class Capabilities(ctypes.Structure):
    """What a thread may do, as Linux's capget and capset exchange it; the first 32 of them."""

    _fields_ = [(name, ctypes.c_uint32 * 1) for name in ("effective", "permitted", "inheritable")]


@pytest.fixture
def modes_hold():
    """Root may read everything: here it keeps its files, the project among them, but modes hold for it too."""
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("run as another user than root")
    libc = ctypes.CDLL(None, use_errno=True)
    # Version 3 of the structure has two of them; the second is that of newer capabilities.
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (Capabilities * 2)()
    assert libc.capget(header, sets) == 0
    before = sets[0].effective[0]
    sets[0].effective[0] &= ~(1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)
    assert libc.capset(header, sets) == 0
    try:
        yield
    finally:
        sets[0].effective[0] = before
        assert libc.capset(header, sets) == 0


@pytest.mark.parametrize("unreadable", ["", "clients.csv", "clients"], ids=["folder", "file", "folder of parts"])
def test_what_may_not_be_read_is_refused(modes_hold, folder, output, unreadable):
    if unreadable == "clients":
        (folder / "clients").mkdir()
        (folder / "clients.csv").rename(folder / "clients" / "1.csv")
    (folder / unreadable).chmod(0)
    with pytest.raises(ExtractsError) as error:
        prepare(folder, output)
    (folder / unreadable).chmod(0o700)
    what = unreadable or f"The folder of extracts {folder}"
    because = "cannot be read (permission denied): let the account that runs the build read it."
    assert error.value.problems == [f"{what} {because}"]
    assert not list(output.iterdir())


def test_the_command_says_what_it_read_or_exits_with_2(folder, output):
    asked = [ICW, "prepare", folder, output]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "clients.csv: 1 rows (UTF-8, comma)"
    (folder / "schools.csv").unlink()
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


@settings(max_examples=100 if LONG else 40, deadline=None)
@given(place=st.integers(0, 120), cut=st.integers(0, 60), damage=st.binary(max_size=4))
@example(place=0, cut=25, damage=b"\x00\r")
def test_any_damage_is_read_or_refused_without_a_word_of_a_row(place, cut, damage):
    content = (CLIENTS + CLIENT + '"0000SECRET",2011-12-14,"F",Active\r\n').encode()
    with tempfile.TemporaryDirectory() as scratch:
        folder, output = write_minimal_extracts(Path(scratch) / "in"), Path(scratch) / "out"
        (folder / "clients.csv").write_bytes(content[:place] + damage + content[place + cut :])
        try:
            prepare(folder, output)
        except ExtractsError as error:
            assert all(problem.startswith("clients") for problem in error.problems)
            # Damage can move a row's cells into the header, which is printed.
            assert "SECRET" not in str(error) or place < len(CLIENTS) + 1
            assert not list(output.iterdir())


# ---- the column map -------------------------------------------------------------------------------------------------


def test_the_column_map_can_be_extended(folder, output, tmp_path):
    own = tmp_path / "headers.csv"
    own.write_text(HEADERS_FILE.read_text() + "clients,gender,Geschlecht\n")
    (folder / "clients.csv").write_text(CLIENTS.replace("gender", "GESCHLECHT") + CLIENT)
    prepare(folder, output, own)
    assert columns_of(output, "clients") == ["client_id", "date_of_birth", "gender", "client_status"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("clients,surname,Last Name", "names no column of an extract: correct it"),
        ("clients,gender,Date-of-Birth", "gives 'Date-of-Birth' a second column: remove one"),
    ],
)
def test_a_wrong_row_of_the_column_map_is_refused(folder, output, tmp_path, row, problem):
    own = tmp_path / "headers.csv"
    text = HEADERS_FILE.read_text() + row + "\n"
    own.write_text(text)
    with pytest.raises(ExtractsError, match=problem) as error:
        prepare(folder, output, own)
    assert str(error.value).startswith(f"Row {len(list(csv.reader(io.StringIO(text)))) - 1} of the column map")


def test_the_columns_are_those_that_dbt_reads(demonstration):
    target = demonstration.warehouse.with_suffix(".target")
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    sources = {source["name"]: source["columns"] for source in manifest["sources"].values()}
    assert list(sources) == list(COLUMNS)
    for name, (required, optional) in COLUMNS.items():
        assert set(sources[name]) == {*required, *optional}
        assert {column for column in sources[name] if sources[name][column]["meta"].get("is_optional")} == set(optional)
