"""Several school years in one release: each beside the others, whose students are the same a year older."""

import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
from conftest import ICW, Build, long

from immunization_coverage.release import publish
from immunization_coverage.release.attack import Knowledge, Release, Result, attack, attack_year, values_of
from immunization_coverage.release.cohorts import Area, OtherYear, OtherYears, areas_of, known_sum, units_in
from immunization_coverage.release.kept import files_of
from immunization_coverage.release.rule import Frame
from immunization_coverage.report.warehouse import Warehouse
from immunization_coverage.warehouse import records_of
from immunization_coverage.years import attach_years

EIGHT = {8: Frame(("measles",), frozenset())}
Counts = dict[str, int | None]


def eight_year_olds(students: Counts, up_to_date: Counts) -> Release:
    """Rows of the units, and of the province as their sum; None where withheld in the unit."""
    rows = []
    for measure, antigen, counts in (("students", None, students), ("coverage", "measles", up_to_date)):
        for unit, count in counts.items():
            rows.append(
                {
                    "measure": measure, "phu_id": None if unit == "province" else unit, "age": 8, "antigen": antigen,
                    "gender": "all", "students": students[unit], "students_counted": count, "percent": None,
                    "map_category": None, "withheld_reason": None,
                }
            )  # fmt: skip
    return Release(rows, [], 6)


NOW = eight_year_olds(
    {"province": 600, "AL": 100, "BR": 200, "TO": 300}, {"province": 520, "AL": 80, "BR": 170, "TO": 270}
)
MERGERS = {"BR": "GE", "HN": "GE"}


def attacked_beside(students: Counts, up_to_date: Counts, mergers: dict[str, str] | None = None) -> Result:
    """The eight-year-olds attacked beside what was printed of them when they were seven."""
    before = values_of([eight_year_olds(students, up_to_date)], EIGHT)[8]
    own = values_of([NOW], EIGHT)[8]
    areas = areas_of(units_in(own), units_in(before), mergers or {})
    return attack(NOW, NOW, EIGHT, other_years={8: [OtherYear("2017-18", before, areas)]})


SAME = {"province": 600, "AL": 100, "BR": 200, "TO": 300}


@pytest.mark.parametrize(
    ("students", "up_to_date", "found"),
    [
        # Nobody's record changed.
        (SAME, {"province": 520, "AL": 80, "BR": 170, "TO": 270}, set()),
        # Enough records changed, in a unit and in the province.
        (SAME, {"province": 500, "AL": 80, "BR": 150, "TO": 270}, set()),
        (SAME, {"province": 500, "AL": 78, "BR": 152, "TO": 270}, {("count", "AL"), ("remainder", "AL")}),
        (
            SAME,
            {"province": 523, "AL": 80, "BR": 170, "TO": 273},
            {(what, unit) for what in ("count", "remainder") for unit in ("TO", "province")},
        ),
        # One came who is up to date, or who is not.
        (SAME | {"province": 599, "AL": 99}, {"province": 519, "AL": 79, "BR": 170, "TO": 270},
         {("count", "AL"), ("count", "province")}),
        (SAME | {"province": 599, "AL": 99}, {"province": 520, "AL": 80, "BR": 170, "TO": 270},
         {("remainder", "AL"), ("remainder", "province")}),
        # Many came: nobody can tell who changed.
        (SAME | {"province": 594, "AL": 94}, {"province": 518, "AL": 78, "BR": 170, "TO": 270}, set()),
        # What is withheld of two units has a known sum.
        (SAME, {"province": 500, "AL": None, "BR": None, "TO": 252},
         {("count", "the withheld units together"), ("remainder", "the withheld units together")}),
        # Nothing printed: nothing to subtract.
        (SAME, {"province": None, "AL": None, "BR": None, "TO": None}, set()),
    ],
)  # fmt: skip
def test_what_the_same_students_differ_by_is_found_where_it_is_small(students, up_to_date, found):
    result = attacked_beside(students, up_to_date)
    assert {(finding.name.split(": ")[1].split(",")[0], finding.unit) for finding in result.findings} == found
    assert all(finding.is_of_other_year and finding.column == "coverage/measles" for finding in result.findings)
    assert result.lines()[0].startswith("Known: tables of all years. ")


def test_what_is_true_of_all_students_in_both_years_follows_from_neither_difference():
    """One has come and is up to date as all others are, or is exempt as nobody is: each table says so by itself."""
    before = {("students", "AL"): 99, ("coverage/measles", "AL"): 99, ("medical_exemption/measles", "AL"): 0}
    own: dict = {("students", "AL"): 100, ("coverage/measles", "AL"): 100, ("medical_exemption/measles", "AL"): 0}
    other = OtherYear("2017-18", before, (Area("AL", ("AL",), ("AL",)),))
    assert not Knowledge(EIGHT[8], own, (), [other], 6).printed_by_other_year.keys() & {
        ("coverage/measles: count, changed since 2017-18", "AL"),
        ("medical_exemption/measles: remainder, changed since 2017-18", "AL"),
    }
    own["coverage/measles", "AL"] = 99
    assert Knowledge(EIGHT[8], own, (), [other], 6).printed_by_other_year == {
        ("coverage/measles: count, changed since 2017-18", "AL"): 99,
        ("coverage/measles: remainder, changed since 2017-18", "AL"): 0,
        ("medical_exemption/measles: count, changed since 2017-18", "AL"): 0,
    }


def test_a_merged_unit_is_compared_with_its_parts_together_and_gives_none_of_them_away():
    students = {"province": 600, "AL": 100, "ET": 150, "OX": 50, "TO": 300}
    merged = {"ET": "BR", "OX": "BR"}
    parts = {"province": 500, "AL": 80, "ET": 120, "OX": 48, "TO": 252}
    assert {finding.unit for finding in attacked_beside(students, parts, merged).findings} == {"BR"}
    # Of a part that is withheld, the merged unit less the other part is a small count of the year before.
    parts = {"province": 480, "AL": 60, "ET": 167, "OX": None, "TO": None}
    [finding] = attacked_beside(students, parts, merged).findings
    assert (finding.name, finding.unit) == ("coverage/measles: count, less the parts printed for 2017-18", "BR")


def test_a_merged_unit_and_its_parts_are_one_area():
    assert areas_of({"AL", "GE"}, {"AL", "BR", "HN"}, MERGERS) == (
        Area("AL", ("AL",), ("AL",)), Area("GE", ("GE",), ("BR", "HN")), Area("province", ("province",), ("province",)),
    )  # fmt: skip
    assert areas_of({"BR", "HN"}, {"GE"}, MERGERS)[0] == Area("GE", ("BR", "HN"), ("GE",))
    # A unit's own release is of it alone; of any other the province is another sum.
    assert [area.name for area in areas_of({"AL", "BR", "TO"}, {"AL"}, {})] == ["AL", "province"]
    with pytest.raises(ValueError, match="of other public health units"):
        areas_of({"AL", "BR", "TO"}, {"AL", "BR"}, {})


def test_a_sum_is_known_from_its_parts_or_from_what_the_province_leaves():
    values = {("coverage", "province"): 100, ("coverage", "AL"): 30, ("coverage", "BR"): None, ("coverage", "TO"): None}
    assert known_sum(values, "coverage", ["AL"]) == 30
    assert known_sum(values, "coverage", ["BR", "TO"]) == 70
    assert known_sum(values, "coverage", ["BR"]) is None
    assert known_sum(values | {("coverage", "province"): None}, "coverage", ["BR", "TO"]) is None


# Ten-year-olds of the demonstration, each fifty times, four fifths of them up to date; a year later they are eleven.
TIMES = 50
LATER = "later-build"
COUNTS = ("students", "students_counted", "students_up_to_date")
TO_PUBLISH = (
    "coverage", "coverage_all_ispa", "series_uptake", "exemptions", "exemptions_any_ispa", "school_assignment",
)  # fmt: skip


@pytest.fixture(scope="module")
def two_years(demonstration: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(demonstration.warehouse, tmp_path_factory.mktemp("years") / "warehouse.duckdb"))
    with duckdb.connect(str(path)) as connection:
        tables = [*(f"marts.{table}" for table in TO_PUBLISH), "published.measures", "published.school_assignment"]
        for table in tables:
            columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
            connection.execute(f"delete from {table} where age <> 10")
            for column in set(columns).intersection(COUNTS):
                connection.execute(f"update {table} set {column} = {column} * {TIMES}")
        connection.execute(
            "update marts.coverage set students_up_to_date = students * 4 // 5, "
            "coverage_percent = case when students > 0 then 80 end"
        )
        publish_every_count(connection, "2018-19", 10)
        for table in (*tables, "published.antigen_definitions", "published.releases"):
            columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
            changes = {
                "age": "age + 1", "school_year": "'2019-20'", "definitions": "'2019-20'", "build_id": f"'{LATER}'",
                "built_at": "built_at + interval 1 day",
            }  # fmt: skip
            if table == "published.antigen_definitions":
                changes.pop("age")
            own = ", ".join(f"{sql} as {column}" for column, sql in changes.items() if column in columns)
            connection.execute(f"insert into {table} by name select * replace ({own}) from {table}")
        connection.execute(f"update published.data_dictionary set build_id = '{LATER}'")
        publish_every_count(connection, "2019-20", 11)
    return path


def publish_every_count(connection: duckdb.DuckDBPyConnection, school_year: str, age: int) -> None:
    """Published tables without a small count to withhold, from the marts."""
    connection.execute(
        "update published.measures as measures set students = coverage.students, percent = "
        "case when measure = 'coverage' then coverage.coverage_percent end, map_category = "
        "case when measure = 'coverage' then coverage.map_category end, withheld_reason = null, students_counted = "
        "case when measure = 'students' then coverage.students else coverage.students_up_to_date end "
        "from marts.coverage where coverage.antigen = 'measles' and coverage.geography in ('province', 'phu') "
        "and coverage.phu_id is not distinct from measures.phu_id and coverage.school_year = measures.school_year "
        f"and measures.school_year = '{school_year}'"
    )
    connection.execute(
        "update published.school_assignment as published set students = marts.students, percent = marts.percent, "
        "withheld_reason = null from marts.school_assignment as marts "
        "where marts.kind = 'decision' and marts.name = published.decision "
        f"and marts.school_year = published.school_year and published.school_year = '{school_year}'"
    )
    connection.execute(
        "update published.releases set counts_withheld = 0, counts = "
        f"(select count(*) from published.measures where school_year = '{school_year}') "
        f"where school_year = '{school_year}'"
    )
    assert connection.execute(f"select distinct age from published.measures where school_year = '{school_year}'") \
        .fetchall() == [(age,)]  # fmt: skip


def changed(two_years: Path, folder: Path, up_to_date: dict[str, int]) -> Path:
    """The warehouse with other numbers of the units' eleven-year-olds up to date for measles."""
    path = Path(shutil.copy(two_years, folder / "warehouse.duckdb"))
    with duckdb.connect(str(path)) as connection:
        for unit, more in (up_to_date | {None: sum(up_to_date.values())}).items():
            connection.execute(
                "update marts.coverage set students_up_to_date = students_up_to_date + ?, "
                "coverage_percent = 100.0 * (students_up_to_date + ?) / students "
                "where school_year = '2019-20' and phu_id is not distinct from ?",
                [more, more, unit],
            )
        publish_every_count(connection, "2019-20", 11)
    return path


def icw_publish(warehouse: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ICW, "publish", warehouse.parent / "published", *options],
        env=os.environ | {"WAREHOUSE_PATH": str(warehouse)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def published_rows(folder: Path) -> list[dict]:
    with duckdb.connect(str(folder / publish.DATABASE), read_only=True) as connection:
        return records_of(connection, "from published.measures order by all")


def coverage_of(folder: Path) -> dict[tuple[str, str | None], tuple[int | None, int | None]]:
    """Students, and those up to date for measles, by school year and unit."""
    return {
        (row["school_year"], row["phu_id"]): (row["students"], row["students_counted"])
        for row in published_rows(folder)
        if row["measure"] == "coverage"
    }


def small_differences(folder: Path) -> list[str]:
    """Units of which both years print a number of students, equal or nearly so, and counts that differ by a few."""
    coverage = coverage_of(folder)
    found = []
    for (school_year, unit), (students, count) in coverage.items():
        students_later, later = coverage["2019-20", unit]
        if school_year == "2018-19" and None not in (students, count, students_later, later):
            more, more_students = later - count, students_later - students
            if abs(more_students) < 6 and (0 < abs(more) < 6 or 0 < abs(more_students - more) < 6):
                found.append(unit or "province")
    return found


# The units with the most students; with the two of York the province has as many up to date as before.
LARGEST = {"TO": 20, "PL": -22}


@long
def test_every_school_year_is_in_one_release_as_it_would_be_alone(two_years, tmp_path):
    warehouse = changed(two_years, tmp_path, {})
    done = icw_publish(warehouse)
    assert done.returncode == 0, done.stdout
    folder = tmp_path / "published"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert published_rows(folder) == records_of(connection, "from published.measures order by all")
        builds = connection.execute("select build_id, suppress_below from published.releases order by 1").fetchall()
    with duckdb.connect(str(folder / publish.DATABASE), read_only=True) as connection:
        for table in ("measures", "school_assignment", "antigen_definitions", "releases"):
            years = connection.execute(f"select distinct school_year from published.{table} order by 1").fetchall()
            assert years == [("2018-19",), ("2019-20",)], table
        released = connection.execute("select build_id, suppress_below from published.releases order by 1").fetchall()
        assert released == builds
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# Immunization coverage of school pupils, Ontario, 2018-19 and 2019-20\n")
    assert all(build_id in readme for build_id, _ in builds)
    assert "Known: tables of all years and rule. " in done.stdout
    [kept] = files_of(warehouse)
    assert kept.read_bytes() == (folder / publish.DATABASE).read_bytes()


def test_a_count_that_differs_by_a_few_from_the_year_before_is_withheld_with_two_that_protect_it(two_years, tmp_path):
    warehouse = changed(two_years, tmp_path, {"YK": 2, **LARGEST})
    with duckdb.connect() as connection:
        other_years = OtherYears({})
        results = [attack_year(connection, year, other_years) for year in attach_years(connection, warehouse)]
    assert [len(result.findings) for result in results] == [0, 2]
    assert str(results[1].findings[0]).startswith("coverage/measles: count, changed since 2018-19, age 11, YK: printed")
    done = icw_publish(warehouse)
    assert done.returncode == 0, done.stdout
    coverage = coverage_of(tmp_path / "published")
    withheld = {key for key, (_, count) in coverage.items() if count is None}
    assert withheld == {("2019-20", unit) for unit in ("YK", *LARGEST)}
    assert small_differences(tmp_path / "published") == []
    assert all(students is not None for students, _ in coverage.values())


@long
def test_a_few_of_the_province_are_withheld_too(two_years, tmp_path):
    done = icw_publish(changed(two_years, tmp_path, {"YK": 2}))
    assert done.returncode == 0, done.stdout
    coverage = coverage_of(tmp_path / "published")
    assert coverage["2019-20", None][1] is None
    assert all(count is not None for (year, _), (_, count) in coverage.items() if year == "2018-19")
    assert small_differences(tmp_path / "published") == []


def test_the_year_that_was_published_before_stays_and_the_other_gives_way(two_years, tmp_path):
    warehouse = changed(two_years, tmp_path, {"YK": 2, **LARGEST})
    assert icw_publish(warehouse, "--years", "2019").returncode == 0
    alone = published_rows(tmp_path / "published")
    assert {row["school_year"] for row in alone} == {"2019-20"} and all(row["withheld_reason"] is None for row in alone)
    done = icw_publish(warehouse)
    assert done.returncode == 0, done.stdout
    assert "Published before, and taken as it was: build later-build" in done.stdout
    both = published_rows(tmp_path / "published")
    assert [row for row in both if row["school_year"] == "2019-20"] == alone
    assert coverage_of(tmp_path / "published")["2018-19", "YK"][1] is None
    assert small_differences(tmp_path / "published") == []
    # Published again it is the same, without an attack; from another build of the same counts, too.
    with duckdb.connect(str(warehouse)) as connection:
        for table in ("releases", "measures", "school_assignment", "antigen_definitions"):
            connection.execute(f"update published.{table} set build_id = 'again' where school_year = '2018-19'")
    again = icw_publish(warehouse)
    assert again.returncode == 0 and "attacked" not in again.stdout
    rebuilt = published_rows(tmp_path / "published")
    assert [row | {"build_id": None} for row in rebuilt] == [row | {"build_id": None} for row in both]
    assert Warehouse(warehouse, release=True).school_years == ["2018-19", "2019-20"]


@long
def test_a_year_alone_gives_way_to_the_one_that_was_published_before(two_years, tmp_path):
    warehouse = changed(two_years, tmp_path, {"YK": 2, **LARGEST})
    assert icw_publish(warehouse, "--school-year", "2018").returncode == 0
    done = icw_publish(warehouse, "--school-year", "2019")
    assert done.returncode == 0, done.stdout
    assert coverage_of(tmp_path / "published")["2019-20", "YK"][1] is None
    assert len(files_of(warehouse)) == 2


@long
def test_another_build_of_any_year_that_differs_from_its_release_is_refused(two_years, tmp_path):
    warehouse = changed(two_years, tmp_path, {})
    assert icw_publish(warehouse).returncode == 0
    with duckdb.connect(str(warehouse)) as connection:
        for table in ("releases", "measures", "school_assignment", "antigen_definitions"):
            connection.execute(f"update published.{table} set build_id = 'again' where school_year = '2018-19'")
        connection.execute(
            "update marts.coverage set students_up_to_date = students_up_to_date - 1 "
            "where school_year = '2018-19' and coalesce(phu_id, 'TO') = 'TO'"
        )
        publish_every_count(connection, "2018-19", 10)
    for options, said in (((), "2018-19 has been released before"), (("--again",), "differs from this one by small")):
        done = icw_publish(warehouse, *options)
        assert done.returncode == 1 and said in done.stdout, done.stdout


def test_a_year_that_was_built_with_other_antigens_is_to_be_built_again(two_years, tmp_path):
    warehouse = changed(two_years, tmp_path, {})
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update annex.assessed_antigens set school_year_from = 2020 where age = 11")
    done = icw_publish(warehouse, "--years", "2019")
    assert done.returncode == 1
    assert "2019-20 was built with other antigens than the last build has of it: build it again." in done.stdout


def test_a_school_year_that_is_not_there_is_said(two_years, tmp_path):
    done = icw_publish(changed(two_years, tmp_path, {}), "--years", "2018", "--years", "2016")
    assert done.returncode == 1
    assert "The warehouse has no school year 2016-17, only 2018-19 and 2019-20." in done.stdout


@long
def test_a_year_by_the_definitions_of_another_is_not_published(two_years, tmp_path):
    warehouse = changed(two_years, tmp_path, {})
    with duckdb.connect(str(warehouse)) as connection:
        for table in ("releases", "measures", "school_assignment", "antigen_definitions"):
            connection.execute(
                f"insert into published.{table} select * replace ('2019-20' as definitions, 'what-if' as build_id) "
                f"from published.{table} where school_year = '2018-19'"
            )
    done = icw_publish(warehouse)
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "published" / publish.DATABASE), read_only=True) as connection:
        definitions = connection.execute(
            "select distinct school_year, definitions from published.releases union "
            "select distinct school_year, definitions from published.measures order by all"
        ).fetchall()
    assert definitions == [("2018-19", "2018-19"), ("2019-20", "2019-20")]


@long
def test_report_and_explorer_find_each_year_as_it_was_published(two_years, tmp_path):
    warehouse = changed(two_years, tmp_path, {"YK": 2, **LARGEST})
    assert icw_publish(warehouse, "--years", "2018").returncode == 0
    assert Warehouse(warehouse, release=True).school_years == ["2018-19"]
    assert icw_publish(warehouse).returncode == 0
    shown = Warehouse(warehouse, release=True)
    assert shown.school_years == ["2018-19", "2019-20"] and shown.school_year == "2019-20"
    for year in shown.years():
        percents = {row["phu_id"]: row["coverage_percent"] for row in year.coverage}
        assert len(percents) == 36
        assert (percents["YK"] is None) == (year.school_year == "2019-20")
        assert year.suppress_below == 6 and year.antigen_definitions and year.school_assignment
        assert year.build.build_id == LATER or year.school_year == "2018-19"
    # The published file itself has both.
    assert Warehouse(tmp_path / "published" / publish.DATABASE, release=True).school_years == shown.school_years
