"""The benchmark's peers give the warehouse's answers, and its account of a build's time leaves none out."""

import csv
import sys
from collections import Counter
from pathlib import Path

import annex_reading
import annex_rules
import compare_peers
import duckdb
import peer_pandas
import peer_polars
import pytest
from conftest import ROOT, long
from measure import measure
from phases import BuildTimes
from random_extracts import write_extracts

PEERS = {"pandas": peer_pandas.main, "polars": peer_polars.main}
SCOPES = {"counts": False, "rows": True}


def as_parquet(source, target):
    target.mkdir()
    for file in source.glob("*.csv"):
        rows = duckdb.read_csv(str(file), header=True, all_varchar=True)
        rows.to_parquet(str(target / f"{file.stem}.parquet"))
    return target


@pytest.fixture(scope="module")
def demonstration_extracts(tmp_path_factory):
    return as_parquet(ROOT / "seeds" / "extracts", tmp_path_factory.mktemp("demonstration") / "extracts")


# What only the warehouse reads by meaning, by column, in the form that the contract asks for.
PLAIN = {
    "gender": {"f": "F", "female": "F", "homme": "M"},
    "client_status": {"active": "Active", "actif": "Active"},
    "administered_date": dict.fromkeys(("1900-01-01", "1900-jan-01", "jan-01,-1900"), "1900-01-02"),
    "agent": {},
    "antigen": annex_reading.LABEL_ALIASES,
    "reason": annex_reading.REASON_ALIASES,
}


def in_plain_form(column: str, text: str) -> str:
    """A cell as peers read it: of several names the first."""
    if column not in PLAIN:
        return text
    if column in ("agent", "antigen"):
        text = text.replace(";", ",").partition(",")[0]
    return PLAIN[column].get(annex_reading.comparable(text), text)


def write_plainly(folder: Path) -> None:
    for file in folder.glob("*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({column: in_plain_form(column, text) for column, text in row.items()} for row in rows)


@pytest.fixture(scope="module")
def random_histories(tmp_path_factory):
    """Extracts with dates on every threshold, as Parquet, and what the independent reading makes of them."""
    folder = tmp_path_factory.mktemp("random")
    write_extracts(folder / "csv", seed=11, students=2000)
    write_plainly(folder / "csv")
    return as_parquet(folder / "csv", folder / "parquet"), annex_reading.assess(folder / "csv")


@pytest.mark.parametrize("rows", SCOPES.values(), ids=SCOPES)
@pytest.mark.parametrize("peer", PEERS)
@long
def test_a_peers_tables_equal_the_demonstrations(demonstration, demonstration_extracts, tmp_path, peer, rows):
    PEERS[peer](demonstration_extracts, tmp_path, rows)
    assert compare_peers.differences(demonstration.warehouse, tmp_path, rows) == []


@long
def test_rows_that_differ_are_counted_and_not_shown(demonstration, demonstration_extracts, tmp_path):
    peer_polars.main(demonstration_extracts, tmp_path, rows=True)
    changes = {
        "coverage": "replace (students_up_to_date + cast(geography = 'province' and age = 9 as int) as "
        "students_up_to_date) from read_parquet('{0}')",
        "students": "from read_parquet('{0}') union all (select * from read_parquet('{0}') limit 2)",
        "student_antigens": "from read_parquet('{0}') offset 3",
        "doses/mcv4": "replace (replace(reason, 'outside_window', 'too_young') as reason) from read_parquet('{0}')",
    }
    for name, change in changes.items():
        path, other = tmp_path / f"{name}.parquet", tmp_path / "other.parquet"
        duckdb.sql(f"copy (select * {change.format(path)}) to '{other}'")
        other.rename(path)
    expected = {
        table: demonstration.rows(f"select count(*) from {table}")[0][0]
        for table in ("marts.coverage", "assessment.students", "assessment.student_antigens", "assessment.doses")
    }
    ((changed,),) = demonstration.rows(
        "select count(*) from assessment.doses where antigen = 'mcv4' and reason = 'outside_window'"
    )
    assert changed
    assert compare_peers.differences(demonstration.warehouse, tmp_path, rows=True) == [
        f"{table}: {expected[table]} rows expected, {missing} of them missing, {surplus} not expected"
        for table, missing, surplus in zip(expected, (1, 0, 3, changed), (1, 2, 0, changed), strict=True)
    ]


@pytest.mark.parametrize("rows", SCOPES.values(), ids=SCOPES)
@pytest.mark.parametrize("peer", PEERS)
@long
def test_a_peer_reads_histories_on_every_threshold_as_the_independent_reading_does(
    random_histories, tmp_path, peer, rows
):
    extracts, expected = random_histories
    PEERS[peer](extracts, tmp_path, rows)
    names = annex_rules.phu_names() | {None: ""}
    for table, columns in compare_peers.tables(rows).items():
        name = table.partition(".")[2]
        files = compare_peers.files(tmp_path, table)
        found = duckdb.sql(f"select {', '.join(columns)} from read_parquet({files})").fetchall()
        if columns[0] == "geography":
            found = [(geography, names[phu_id], *counts) for geography, phu_id, *counts in found]
        assert Counter(found) == Counter(expected[name]), name


def test_a_builds_phases_add_up_to_its_wall_time(demonstration):
    target = demonstration.warehouse.with_suffix(".target")
    intervals = BuildTimes(target, 0, 0).intervals.values()
    started_at, ended_at = min(start for start, _ in intervals) - 5, max(end for _, end in intervals) + 2
    times = BuildTimes(target, started_at, ended_at)
    phases = times.phases()
    assert sum(phase["wall_seconds"] for phase in phases.values()) == pytest.approx(ended_at - started_at)
    assert phases["start"]["wall_seconds"] == pytest.approx(5)
    assert phases["end"]["wall_seconds"] == pytest.approx(2)
    assert {"seeds", "assessment", "marts", "tests"} <= set(phases)
    models_alone = sum(phase["wall_seconds"] for name, phase in phases.items() if name not in ("tests", "end"))
    assert 5 < times.seconds_up_to({("marts", "coverage")}) < models_alone


def test_a_command_is_not_charged_with_the_memory_of_the_process_that_measures_it(tmp_path):
    held = b"x" * 600_000_000
    command = [sys.executable, "-c", "import time; taken = b'x' * 100_000_000; time.sleep(1)"]
    assert 100_000_000 < measure(command, tmp_path, tmp_path).memory_bytes < len(held)
