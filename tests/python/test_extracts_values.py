"""Time stamps with a zone, workbooks, and exports that stopped early."""

import random
from datetime import date

import duckdb
import openpyxl
import pytest
from extracts_writing import HEADERS, ROWS, notes_read, rows_read, table, write_extracts

from immunization_coverage.extracts import completeness, days
from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractProblem, ExtractsError

# ---- days -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "is_daylight"),
    [
        (date(2018, 3, 11), False),
        (date(2018, 3, 12), True),
        (date(2018, 11, 4), True),
        (date(2018, 11, 5), False),
        (date(2006, 4, 2), False),
        (date(2006, 4, 3), True),
        (date(2006, 10, 29), True),
        (date(2006, 10, 30), False),
        (date(1986, 4, 27), False),
        (date(1986, 4, 28), True),
        (date(2019, 1, 1), False),
        (date(2019, 7, 1), True),
    ],
)
def test_ontario_changes_its_clocks(day, is_daylight):
    assert days.begins_in_daylight_time(day) is is_daylight


UTC, ONTARIO, NO_DAYS = "midnight_utc", "midnight_ontario", None
# Texts of a column of birth dates, what is noted, and the days.
ZONED = {
    "Z": (["2012-03-02T00:00:00Z", "2012-07-02T00:00:00.000Z"], UTC, ["2012-03-02", "2012-07-02"]),
    "offset of UTC": (["2012-03-02 00:00:00+00:00", "2012-07-02 00:00:00+00"], UTC, ["2012-03-02", "2012-07-02"]),
    "UTC by name": (["2012-03-02 00:00:00 UTC", "2012-07-02"], UTC, ["2012-03-02", "2012-07-02"]),
    "Ontario's offset": (
        ["2012-03-02T00:00:00-05:00", "2012-07-02T00:00:00-04:00"],
        ONTARIO,
        ["2012-03-02", "2012-07-02"],
    ),
    "Ontario's midnight in UTC": (
        ["2012-03-02T05:00:00Z", "2012-07-02T04:00:00Z"],
        ONTARIO,
        ["2012-03-02", "2012-07-02"],
    ),
    "standard time all year": (["2012-03-02T05:00Z", "2012-07-02T05:00Z"], ONTARIO, ["2012-03-02", "2012-07-02"]),
    "UTC's midnight in Ontario": (
        ["2012-03-01T19:00:00-05:00", "2012-07-01T20:00:00-04:00"],
        UTC,
        ["2012-03-02", "2012-07-02"],
    ),
    "HL7": (["20120302000000-0500", "20120702000000-0400"], ONTARIO, ["2012-03-02", "2012-07-02"]),
    "a placeholder": (["2012-03-02T05:00:00Z", "9999-12-31T00:00:00Z"], ONTARIO, ["2012-03-02", "9999-12-31"]),
    "two zones": (["2012-03-02T00:00:00Z", "2012-07-02T04:00:00Z"], NO_DAYS, None),
    "an afternoon": (["2012-03-02T00:00:00Z", "2012-07-02T18:30:00Z"], NO_DAYS, None),
    "winter at daylight's hour": (["2012-01-02T04:00:00Z", "2012-07-02T04:00:00Z"], NO_DAYS, None),
}


@pytest.mark.parametrize(("texts", "kind", "expected"), ZONED.values(), ids=ZONED)
@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_stamps_with_a_zone_are_days_or_refused(tmp_path, texts, kind, expected, form):
    folder = write_extracts(tmp_path / "in")
    rows = [[client[0], text, *client[2:]] for client, text in zip(ROWS["clients"], texts, strict=True)]
    (folder / "clients.csv").write_text(table("clients", rows=rows))
    if form == "parquet":
        duckdb.sql(f"copy (from read_csv('{folder}/clients.csv', all_varchar = true)) to '{folder}/clients.parquet'")
    if form == "xlsx":
        write_workbook(folder / "clients.xlsx", {"Sheet1": [list(HEADERS["clients"]), *rows]})
    if form != "csv":
        (folder / "clients.csv").unlink()
    if expected is None:
        with pytest.raises(ExtractsError, match="not midnight in UTC, nor in Ontario"):
            prepare(folder, tmp_path / "out")
        return
    prepare(folder, tmp_path / "out")
    assert [row[1] for row in rows_read(tmp_path / "out", "clients")] == expected
    assert (f"clients.{form}", kind) in notes_read(tmp_path / "out")


STAMPS = {
    "midnight in UTC": ("timestamptz '2012-03-02 00:00:00+00'", "2012-03-02", {UTC}),
    "midnight in Ontario": ("timestamptz '2012-07-02 04:00:00+00'", "2012-07-02", {ONTARIO}),
    "an afternoon in UTC": ("timestamptz '2012-07-02 18:30:00+00'", None, set()),
    "half a second past": ("timestamptz '2012-07-02 00:00:00.5+00'", None, set()),
    "without a zone": ("timestamp '2012-07-02 18:30:00'", "2012-07-02", {"time_of_day_dropped"}),
    "nanoseconds": ("timestamp_ns '2012-07-02 00:00:00'", "2012-07-02", set()),
    "infinity": ("timestamp 'infinity'", "", set()),
}


@pytest.mark.parametrize(("value", "expected", "kinds"), STAMPS.values(), ids=STAMPS)
@pytest.mark.parametrize("zone", ["UTC", "America/Toronto", "Pacific/Auckland"])
def test_stamps_of_parquet_are_the_same_days_in_every_zone(tmp_path, monkeypatch, value, expected, kinds, zone):
    monkeypatch.setenv("TZ", zone)
    folder = write_extracts(tmp_path / "in")
    (folder / "clients.csv").unlink()
    duckdb.sql(f"""
        copy (select '1' as client_id, {value} as date_of_birth, 'F' as gender, 'Active' as client_status)
        to '{folder}/clients.parquet'
    """)
    if expected is None:
        with pytest.raises(ExtractsError, match="not midnight in UTC, nor in Ontario"):
            prepare(folder, tmp_path / "out")
        return
    prepare(folder, tmp_path / "out")
    assert [row[1] for row in rows_read(tmp_path / "out", "clients")] == [expected]
    assert notes_read(tmp_path / "out") == {("clients.parquet", kind) for kind in kinds}


# ---- Excel ----------------------------------------------------------------------------------------------------------


def write_workbook(path, sheets, hidden=(), merged=(), change=None):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append([cell or None for cell in row])
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for cells in merged:
            sheet.merge_cells(cells)
    if change:
        change(workbook)
    workbook.save(path)


TABLE = [list(HEADERS["immunizations"]), *ROWS["immunizations"]]
MORE = [["I4", "0000000002", "MMR", "2010-03-02", ""]]


def with_errors(workbook):
    for row in (2, 3):
        workbook.worksheets[0].cell(row, 5).value = "#N/A"
        workbook.worksheets[0].cell(row, 5).data_type = "e"


# Sheets, rows that are read, and notes by sheet.
WORKBOOKS = {
    "one sheet": ({"Sheet1": TABLE}, 3, set()),
    "a title": ({"Sheet1": [["Report"], ["Run date", "2019-08-31"], [], *TABLE]}, 3, {("", "title_rows")}),
    "a sheet for each unit": (
        {"Peel": TABLE, "Ottawa": [TABLE[0], *MORE]},
        4,
        {(" [Peel]", "sheet_read_as_part"), (" [Ottawa]", "sheet_read_as_part")},
    ),
    "a sheet that goes on": (
        {"Page1_1": TABLE, "Page1_2": MORE},
        4,
        {(" [Page1_1]", "sheet_read_as_part"), (" [Page1_2]", "sheet_goes_on")},
    ),
    "a pivot and notes": (
        {"Data": TABLE, "Pivot": [["Row Labels", "Count"], ["MMR", 2]], "Notes": [["Exported by nobody"]]},
        3,
        {(" [Pivot]", "sheet_not_read"), (" [Notes]", "sheet_not_read")},
    ),
    "totals": ({"Sheet1": [*TABLE, ["Total", 3]]}, 3, {("", "total_rows")}),
}


@pytest.mark.parametrize(("sheets", "rows", "kinds"), WORKBOOKS.values(), ids=WORKBOOKS)
def test_every_sheet_with_data_is_read_or_named(tmp_path, sheets, rows, kinds):
    folder = write_extracts(tmp_path / "in")
    (folder / "immunizations.csv").unlink()
    write_workbook(folder / "immunizations.xlsx", sheets)
    prepare(folder, tmp_path / "out")
    assert rows_read(tmp_path / "out", "immunizations") == [*ROWS["immunizations"], *MORE][:rows]
    assert notes_read(tmp_path / "out") == {(f"immunizations.xlsx{sheet}", kind) for sheet, kind in kinds}


def formulas(workbook):
    workbook.worksheets[0]["C2"] = '="M"&"MR"'


REFUSED_WORKBOOKS = {
    "a sheet of another shape": (
        {"Sheet1": TABLE, "Sheet2": [["7", "8", "9", "1", "2"], ["7", "8", "9", "1", "2"]]},
        {},
        "(sheet 'Sheet2') holds rows without a header",
    ),
    "a hidden sheet": ({"Now": TABLE, "Before": TABLE}, {"hidden": ["Before"]}, "(sheet 'Before') is hidden"),
    "formulas": (
        {"Sheet1": TABLE},
        {"change": formulas},
        "has formulas in agent whose results were never stored (1 row)",
    ),
    "merged cells": ({"Sheet1": TABLE}, {"merged": ["B2:B3"]}, "has merged cells in client_id, so that 1 row below"),
    "a sheet without a column": (
        {"Sheet1": TABLE, "Sheet2": [row[:4] for row in TABLE]},
        {},
        "(sheet 'Sheet2') has no column trade_name",
    ),
}


@pytest.mark.parametrize(("sheets", "how", "sentence"), REFUSED_WORKBOOKS.values(), ids=REFUSED_WORKBOOKS)
def test_a_workbook_that_hides_rows_is_refused(tmp_path, sheets, how, sentence):
    folder = write_extracts(tmp_path / "in")
    (folder / "immunizations.csv").unlink()
    write_workbook(folder / "immunizations.xlsx", sheets, **how)
    with pytest.raises(ExtractsError) as error:
        prepare(folder, tmp_path / "out")
    (problem,) = error.value.problems
    assert sentence in problem


def test_cells_with_an_error_are_missing_and_said(tmp_path):
    folder = write_extracts(tmp_path / "in")
    (folder / "immunizations.csv").unlink()
    write_workbook(folder / "immunizations.xlsx", {"Sheet1": TABLE}, change=with_errors)
    prepare(folder, tmp_path / "out")
    assert [row[4] for row in rows_read(tmp_path / "out", "immunizations")] == ["", "", ""]
    assert notes_read(tmp_path / "out") == {("immunizations.xlsx", "error_cells")}


# ---- exports that stopped early -------------------------------------------------------------------------------------


def history(doses: int, seed: int) -> str:
    chosen = random.Random(seed)
    agents = ["MMR", "DTaP-IPV-Hib", "Tdap-IPV", "Var", "Men-C-ACYW-135", "HPV-4", "HB"]
    return " ".join(
        f"{chosen.choice(['Jan', 'Feb', 'Mar'])} {chosen.randint(1, 28)}, {2001 + dose} - {chosen.choice(agents)},"
        for dose in range(doses)
    )


LONG = [history(doses, seed) for seed in range(40) for doses in (3, 8, 12, 16)]
TEXTS = {
    "as they are": (LONG, None),
    "cut at 255": ([text[:255] for text in LONG], "cut short at 255 characters"),
    "cut at a length of no program": ([text[:237] for text in LONG], "cut short at 237 characters"),
    "one text of 255": ([*[text[:200].rpartition(",")[0] for text in LONG], LONG[3][:255]], None),
    "many alike": ([history(12, 1)] * 50 + LONG[:20:4], None),
    "dots": ([text[:90] + "..." for text in LONG], "end in dots"),
}


@pytest.mark.parametrize(("texts", "words"), TEXTS.values(), ids=TEXTS)
def test_texts_cut_short_are_found(tmp_path, monkeypatch, texts, words):
    folder = write_extracts(tmp_path / "in")
    rows = "".join(f'{number:010},"{text}"\n' for number, text in enumerate(texts))
    (folder / "immunization_histories.csv").write_text("client_id,history\n" + rows)
    if words is None:
        prepare(folder, tmp_path / "out")
        return
    with pytest.raises(ExtractsError, match=words):
        prepare(folder, tmp_path / "out")
    monkeypatch.setenv("ACCEPT", "texts_cut_short")
    prepare(folder, tmp_path / "out")


@pytest.mark.parametrize(
    ("rows", "is_refused"),
    [
        ([65_535], True),
        ([65_536], True),
        ([1_048_575], True),
        ([1_048_576], True),
        ([100_000], False),
        ([65_534], False),
        ([65_535, 12], False),
        ([1_048_575, 1_048_575, 7], False),
        ([12, 65_535, 7], True),
        ([65_535, 65_535], True),
    ],
)
def test_as_many_rows_as_a_program_can_hold_are_refused(rows, is_refused):
    class Prepared:
        def __init__(self, rows):
            self.rows, self.file = rows, "immunizations.csv"

    class Part:
        def __init__(self, rows):
            self.prepared = Prepared(rows)

    parts = [Part(count) for count in rows]
    if is_refused:
        with pytest.raises(ExtractProblem, match="the export probably stopped there"):
            completeness.check_rows(parts)
    else:
        completeness.check_rows(parts)
