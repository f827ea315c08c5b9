"""The benchmark's peers give the warehouse's answers, and its account of a build's time leaves none out."""

import annex_reading
import annex_rules
import compare_peers
import duckdb
import peer_pandas
import peer_polars
import pytest
from conftest import ROOT
from phases import BuildTimes
from random_extracts import write_extracts

PEERS = {"pandas": peer_pandas.main, "polars": peer_polars.main}


def as_parquet(source, target):
    target.mkdir()
    for file in source.glob("*.csv"):
        rows = duckdb.read_csv(str(file), header=True, all_varchar=True)
        rows.to_parquet(str(target / f"{file.stem}.parquet"))
    return target


@pytest.fixture(scope="module")
def demonstration_extracts(tmp_path_factory):
    return as_parquet(ROOT / "seeds" / "extracts", tmp_path_factory.mktemp("demonstration") / "extracts")


@pytest.mark.parametrize("peer", PEERS)
def test_a_peers_measures_equal_the_demonstrations_marts(demonstration, demonstration_extracts, tmp_path, peer):
    PEERS[peer](demonstration_extracts, tmp_path)
    assert compare_peers.differences(demonstration.warehouse, tmp_path) == []


def test_a_count_that_differs_by_one_student_is_found(demonstration, demonstration_extracts, tmp_path):
    peer_polars.main(demonstration_extracts, tmp_path)
    coverage = tmp_path / "coverage.parquet"
    duckdb.sql(
        f"copy (select * replace (students_up_to_date + cast(geography = 'province' and age = 9 as int) as "
        f"students_up_to_date) from read_parquet('{coverage}')) to '{tmp_path / 'other.parquet'}'"
    )
    (tmp_path / "other.parquet").rename(coverage)
    [difference] = compare_peers.differences(demonstration.warehouse, tmp_path)
    assert difference.startswith("marts.coverage (1188 rows): 1 rows that the peer lacks")


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_reads_histories_on_every_threshold_as_the_independent_reading_does(tmp_path, peer):
    write_extracts(tmp_path / "csv", seed=11, students=2000)
    expected = annex_reading.assess(tmp_path / "csv")
    PEERS[peer](as_parquet(tmp_path / "csv", tmp_path / "parquet"), tmp_path / "measures")
    names = {row["phu_id"]: row["phu_name"] for row in annex_rules.table("public_health_units")} | {None: ""}
    for name, columns in compare_peers.MEASURES.items():
        path = tmp_path / "measures" / f"{name}.parquet"
        rows = duckdb.sql(f"select {', '.join(columns)} from read_parquet('{path}')").fetchall()
        if columns[0] == "geography":
            rows = [(geography, names[phu_id], *counts) for geography, phu_id, *counts in rows]
        assert len(rows) == len(expected[name])
        assert set(rows) == set(expected[name]), name


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
