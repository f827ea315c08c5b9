"""Rows and headers as programs write them: the rows come out as they are, what is none of the table is said."""

import gzip

import pytest
from extracts_writing import HEADERS, ROWS, notes_read, rows_read, table, write_extracts

from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractsError

NAME = "immunizations"
HEADER = ",".join(HEADERS[NAME]) + "\n"
BODY = table(NAME).removeprefix(HEADER)
DASHES = ",".join("-" * len(column) for column in HEADERS[NAME]) + "\n"


def padded(text: str, delimiter: str) -> str:
    rows = [line.split(",") for line in text.splitlines()]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [delimiter.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines) + "\n"


# What a program writes, and the kinds that are noted of it.
READ = {
    "plain": (HEADER + BODY, set()),
    "psql, aligned": (
        padded(HEADER + BODY, " | ").replace("\n", "\n" + "+".join(["-----"] * 5) + "\n", 1) + "(3 rows)\n\n",
        {"delimiter", "padded_cells", "line_of_dashes", "footer", "blank_rows"},
    ),
    "psql, unaligned": (table(NAME, "|") + "(3 rows)\n", {"delimiter", "footer"}),
    "sqlcmd": (HEADER + DASHES + BODY + "\n(3 rows affected)\n", {"line_of_dashes", "blank_rows", "footer"}),
    "sqlcmd, padded, pipes": (
        "Changed database context to 'Panorama'.\n" + padded(HEADER + DASHES + BODY, "|") + "\n(3 rows affected)\n",
        {"title_rows", "delimiter", "padded_cells", "line_of_dashes", "blank_rows", "footer"},
    ),
    "sqlcmd, French": (HEADER + DASHES + BODY + "\n(3 lignes affectées)\n", {"line_of_dashes", "blank_rows", "footer"}),
    "SQL*Plus": (HEADER + BODY + "\n3 rows selected.\n\n", {"blank_rows", "footer"}),
    "SSMS, with completion time": (
        HEADER + BODY + "\n(3 row(s) affected)\n\nCompletion time: 2019-09-01T10:00:00.0-04:00\n",
        {"blank_rows", "footer"},
    ),
    "MySQL": (HEADER + BODY + "3 rows in set (0.01 sec)\n", {"footer"}),
    "Db2": (HEADER + BODY + "\n  3 record(s) selected.\n\n", {"blank_rows", "footer"}),
    "PowerShell": ("#TYPE System.Data.DataRow\n" + HEADER + BODY, {"title_rows"}),
    "Excel's separator": ("sep=;\n" + table(NAME, ";"), {"delimiter"}),
    "Excel's separator, pipe": ("sep=|\n" + table(NAME, "|"), {"delimiter"}),
    "Cognos": (
        "Immunization report\nRun date:,2019-09-01\n\n"
        + HEADER
        + BODY
        + "\nSep 1, 2019\n".replace("Sep 1, 2019", "Page 1 of 3"),
        {"title_rows", "blank_rows", "footer"},
    ),
    "a report with a date of printing": (
        HEADER + BODY + "\nReport generated on 2019-09-01, by PEAR,,,\n",
        {"blank_rows", "footer"},
    ),
    "totals": (HEADER + BODY + "Total,3,,,\n", {"total_rows"}),
    "grand totals in every column": (HEADER + BODY + "Grand Total,2,2,2,1\n", {"total_rows"}),
    "Power BI": (HEADER + BODY + '\n"Applied filters:\nSchool year is 2018-19"\n', {"blank_rows", "footer"}),
    "glued exports": (HEADER + BODY.replace("I2", HEADER + "I2", 1), {"repeated_header"}),
    "glued exports with footers": (
        HEADER
        + "".join(BODY.splitlines(True)[:2])
        + "(2 rows affected)\n"
        + HEADER
        + BODY.splitlines(True)[2]
        + "(1 rows affected)\n",
        {"footer", "repeated_header"},
    ),
    "labels below the names": (
        HEADER + "Immunization Record ID,Client ID,Immunizing Agent,Date Administered,Trade Name\n" + BODY,
        {"repeated_header"},
    ),
    "every row ends in a delimiter": (HEADER + BODY.replace("\n", ",\n"), {"cells_beyond_header"}),
    "header and rows end in a delimiter": ((HEADER + BODY).replace("\n", ",\n"), set()),
    "an end-of-file byte": (HEADER + BODY + "\x1a", {"end_of_file_byte"}),
    "headers quoted for Excel": (
        ",".join(f'="{column}"' for column in HEADERS[NAME]) + "\n" + BODY,
        {"header_spelling"},
    ),
    "headers in apostrophes": (",".join(f"'{column}'" for column in HEADERS[NAME]) + "\n" + BODY, {"header_spelling"}),
    "headers with invisible characters": (
        HEADER.replace("client_id", "client\u200b_id\u00ad").replace("agent", "\ufeffagent") + BODY,
        {"header_spelling"},
    ),
    "headers full-width, with another dash": (
        HEADER.replace("agent", "ａｇｅｎｔ").replace("administered_date", "administered\u2011date") + BODY,
        {"header_spelling"},
    ),
    "headers with units": (
        HEADER.replace("administered_date", "Date Administered (YYYY-MM-DD)").replace("client_id", "[client_id]")
        + BODY,
        set(),
    ),
    "headers with their table": (
        HEADER.replace("client_id", "dbo.imms.client_id").replace("agent", "i.agent") + BODY,
        set(),
    ),
    "blank lines and line ends that differ": ("\r\n" + HEADER + "\r\n" + BODY, {"blank_rows"}),
}


@pytest.mark.parametrize(("text", "kinds"), READ.values(), ids=READ)
def test_what_programs_write_around_rows_is_passed_over_and_said(tmp_path, text, kinds):
    folder = write_extracts(tmp_path / "in")
    (folder / f"{NAME}.csv").write_text(text, encoding="utf-8", newline="")
    prepare(folder, tmp_path / "out")
    assert rows_read(tmp_path / "out", NAME) == ROWS[NAME]
    assert notes_read(tmp_path / "out") == {(f"{NAME}.csv", kind) for kind in kinds}


# What is wrong, and a part of the sentence.
REFUSED = {
    "a comma without quotes": (
        HEADER + BODY.replace("Priorix", "Priorix, GSK"),
        "immunizations.csv has 6 columns on line 2 where the header has 5",
    ),
    "a comma without quotes before an empty cell": (
        HEADER + BODY.replace("I2,0000000001,Var", "I2,0000000001,Var, live"),
        "immunizations.csv has 6 columns on line 3 where the header has 5",
    ),
    "a comma without quotes below an unnamed header": (
        (HEADER + BODY).replace("\n", ",\n").replace("Var,2012-03-02,,", "Var, live,2012-03-02,x"),
        "immunizations.csv has a cell under no header on line 3",
    ),
    "an unnamed header above some of the rows only": (
        HEADER.replace("\n", ",\n") + BODY.replace("Priorix\n", "Priorix,\n"),
        "immunizations.csv has 5 columns on line 3 where the header has 6",
    ),
    "cut off": (HEADER + BODY[:-18], "immunizations.csv is cut off: its last row, on line 4"),
    "cut off before a footer": (
        HEADER + BODY + "I4,0000\n(4 rows affected)\n",
        "immunizations.csv is cut off: its last row, on line 5",
    ),
    "a footer that counts more": (
        HEADER + BODY + "\n(364 rows affected)\n",
        "immunizations.csv says on line 6 that it has 364 rows, but 3 were read: export it again, or accept it with "
        "ACCEPT=count_in_footer.",
    ),
    "a footer that counts with a separator": (
        HEADER + BODY + "1,364 rows selected.\n",
        "that it has 1,364 rows, but 3 were read",
    ),
    "rows above the header": (
        BODY + HEADER + BODY,
        "immunizations.csv has what looks like rows of data above its header, from line 1 on",
    ),
    "another order below": (
        HEADER + BODY + ",".join(reversed(HEADERS[NAME])) + "\nPriorix,2012-03-02,MMR,0000000001,I9\n",
        "immunizations.csv has a second header on line 5, with columns in another order or others",
    ),
    "another delimiter": (table(NAME, "~"), "immunizations.csv separates its columns by ~, which is not read"),
    "columns of a fixed width": (padded(HEADER + BODY, "   "), "separates its columns by runs of blanks"),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED)
def test_rows_that_may_have_lost_their_cells_are_refused(tmp_path, text, sentence):
    folder = write_extracts(tmp_path / "in")
    (folder / f"{NAME}.csv").write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ExtractsError) as error:
        prepare(folder, tmp_path / "out")
    (problem,) = error.value.problems
    assert sentence in problem


def test_a_footers_count_can_be_accepted(tmp_path, monkeypatch):
    folder = write_extracts(tmp_path / "in")
    (folder / f"{NAME}.csv").write_text(HEADER + BODY + "(364 rows affected)\n")
    monkeypatch.setenv("ACCEPT", "other, count_in_footer")
    prepare(folder, tmp_path / "out")
    assert rows_read(tmp_path / "out", NAME) == ROWS[NAME]


ENCODINGS = {
    "UTF-8 with a mark": (lambda text: text.encode("utf-8-sig"), set()),
    "UTF-16": (lambda text: text.encode("utf-16"), {"encoding"}),
    "UTF-16 without a mark": (lambda text: text.encode("utf-16-le"), {"encoding"}),
    "Windows-1252": (lambda text: text.encode("cp1252"), {"encoding"}),
    "one byte of Latin-1": (lambda text: text.encode().replace("É".encode(), b"\xc9", 1), {"mixed_encoding"}),
    "one byte of Latin-1 after a mark": (
        lambda text: text.encode("utf-8-sig").replace("É".encode(), b"\xc9", 1),
        {"mixed_encoding"},
    ),
    "two exports in two encodings": (
        lambda text: text[: text.index("3,")].encode() + text[text.index("3,") :].encode("cp1252"),
        {"mixed_encoding"},
    ),
}


@pytest.mark.parametrize(("encode", "kinds"), ENCODINGS.values(), ids=ENCODINGS)
def test_accents_come_out_whatever_the_encoding(tmp_path, encode, kinds):
    folder = write_extracts(tmp_path / "in")
    rows = [["1", "École A", "elementary school", "Peel"], ["2", "L'Érable", "x", "Peel"], ["3", "Été", "x", "Peel"]]
    (folder / "schools.csv").write_bytes(encode(table("schools", rows=rows)))
    prepare(folder, tmp_path / "out")
    assert rows_read(tmp_path / "out", "schools") == rows
    assert notes_read(tmp_path / "out") == {("schools.csv", kind) for kind in kinds}


def test_a_compressed_part_is_read_and_a_cut_one_refused(tmp_path):
    folder = write_extracts(tmp_path / "in")
    content = gzip.compress(table(NAME).encode())
    (folder / f"{NAME}.csv").unlink()
    (folder / f"{NAME}.csv.gz").write_bytes(content)
    prepare(folder, tmp_path / "out")
    assert rows_read(tmp_path / "out", NAME) == ROWS[NAME]
    (folder / f"{NAME}.csv.gz").write_bytes(content[:-12])
    with pytest.raises(ExtractsError, match="cut off or damaged inside its gzip archive"):
        prepare(folder, tmp_path / "out")


def test_a_school_called_total_is_a_row(tmp_path):
    folder = write_extracts(tmp_path / "in")
    (folder / "schools.csv").write_text(
        "school_name,school_id,school_type,public_health_unit\nTotal Learning Academy,000118,elementary school,Peel\n"
    )
    prepare(folder, tmp_path / "out")
    assert rows_read(tmp_path / "out", "schools") == [["000118", "Total Learning Academy", "elementary school", "Peel"]]
