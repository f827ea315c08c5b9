"""The published tables under attack, and the files that are written from them."""

import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
from conftest import ICW, Build, run_dbt
from random_marts import write_marts

from immunization_coverage.release import publish
from immunization_coverage.release.attack import (
    Contradiction,
    Finding,
    Release,
    Result,
    attack,
    column_of,
    decide_all,
    is_by_gender,
    published,
    rule_of,
    true_counts,
    values_of,
)
from immunization_coverage.release.kept import folder_of
from immunization_coverage.release.rule import GENDERS_WITHHELD, Frame, Rule
from immunization_coverage.warehouse import records_of

FEW_AGES = (10, 12)
# Small and large counts, few and many units: (seed, threshold, age).
RANDOM_RELEASES = ((0, 6, 7), (4, 6, 12), (3, 11, 12), (1, 11, 11))


@pytest.fixture(scope="module")
def workshop(demonstration: Build, tmp_path_factory: pytest.TempPathFactory):
    """The demonstration with marts that can be replaced."""
    database = tmp_path_factory.mktemp("workshop") / "demonstration.duckdb"
    shutil.copy(demonstration.warehouse, database)
    with duckdb.connect(str(database)) as connection:
        yield connection


@pytest.fixture(scope="module")
def few_ages(demonstration: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's cohorts of two ages, which are attacked in seconds."""
    database = tmp_path_factory.mktemp("few_ages") / "demonstration.duckdb"
    shutil.copy(demonstration.warehouse, database)
    with duckdb.connect(str(database)) as connection:
        for schema, table in connection.execute(
            "select table_schema, table_name from information_schema.columns inner join information_schema.tables "
            "using (table_schema, table_name) where column_name = 'age' and table_type = 'BASE TABLE' "
            "and (table_schema in ('marts', 'published') or table_name = 'int_geographies_by_antigen')"
        ).fetchall():
            connection.execute(f"delete from {schema}.{table} where age not in {FEW_AGES}")
        connection.execute("update published.releases set counts = (select count(*) from published.measures)")
        connection.execute(
            "update published.releases set counts_withheld = (select count(withheld_reason) from published.measures)"
        )
    return database


def of_ages(release: Release, *ages: int) -> Release:
    return Release(
        [row for row in release.measures if row["age"] in ages],
        [row for row in release.school_assignment if row["age"] in ages], release.suppress_below,
    )


def release_by(rule: Rule, truth: Release) -> Release:
    """The true counts without what the rule withholds."""
    measures, decided = [], decide_all(rule, truth)
    for row in truth.measures:
        frame, reasons = rule.frames[row["age"]], decided[row["age"]]
        by_gender = GENDERS_WITHHELD in reasons and is_by_gender(row, frame)
        students = "students" if row["antigen"] not in frame.of_one_gender else f"students/{row['antigen']}"
        denominator = by_gender or (students, row["phu_id"] or "province") in reasons
        count = by_gender or column_of(row) in reasons
        measures.append(
            row | ({"students": None} if denominator else {})
            | ({"students_counted": None, "withheld_reason": "withheld"} if count else {})
        )
    assignment = [
        row | ({"students": None} if ("school_assignment", row["decision"]) in decided[row["age"]] else {})
        for row in truth.school_assignment
    ]
    return Release(measures, assignment, rule.suppress_below)


def attacked_by(rule: Rule, truth: Release, *, known: tuple[Rule, ...] | None = None) -> Result:
    return attack(release_by(rule, truth), truth, rule.frames, (rule,) if known is None else known)


def random_case(workshop: duckdb.DuckDBPyConnection, seed: int, suppress_below: int, age: int) -> tuple[Rule, Release]:
    write_marts(workshop, seed)
    rule = rule_of(workshop, suppress_below)
    rule.frames = {age: rule.frames[age]}
    return rule, of_ages(true_counts(workshop, suppress_below), age)


def test_the_built_release_is_the_one_that_the_rule_makes(demonstration):
    with duckdb.connect(str(demonstration.warehouse), read_only=True) as connection:
        release = published(connection)
        truth = true_counts(connection, 6)
        expected = release_by(rule_of(connection, 6), truth)
    assert sorted(map(shown, release.measures)) == sorted(map(shown, expected.measures))
    assert {row["withheld_reason"] for row in release.measures} == {None, "withheld"}
    for row in release.measures:
        assert row["students_counted"] is not None or row["percent"] is row["map_category"] is None


def shown(row: dict) -> tuple:
    names = ("measure", "phu_id", "age", "antigen", "gender", "students", "students_counted")
    return tuple(str(row[name]) for name in names)


@pytest.mark.parametrize(("seed", "suppress_below", "age"), RANDOM_RELEASES)
def test_random_releases_are_safe_from_who_knows_the_rule(workshop, seed, suppress_below, age):
    result = attacked_by(*random_case(workshop, seed, suppress_below, age))
    assert result.attacked > 5
    assert result.lines() == [
        f"Known: tables. {result.attacked:,} small quantities attacked, 0 narrowed, 0 found exactly.",
        f"Known: tables and rule. {result.attacked:,} small quantities attacked, 0 narrowed, 0 found exactly.",
    ]
    assert result.is_safe


DECISIONS = "int_release_decisions"
LEAKS = {
    "nobody hides the small ones": (DECISIONS, "when is_hiding_unit and has_units_to_hide then 'complementary'", ""),
    "what depends on a withheld count is printed": (DECISIONS, "when is_linked then 'linked'", ""),
    "a unit hides without the room to": (DECISIONS, "or (has_units_to_hide and not can_hide)", ""),
    "the province's small counts are printed": (
        DECISIONS, "when unit = 'province' and own_reason is not null then own_reason", ""
    ),
    "counts by gender are printed": ("int_release_genders", "from ages\n)", "from ages\n    where false\n)"),
}


# In the demonstration no unit needs these; random marts, by seed and age, have units that do.
RANDOM_LEAKS = {"nobody hides the small ones": (0, 12), "a unit hides without the room to": (2, 7)}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_attack_finds_a_leak_of_each_kind_in_a_release(few_ages, workshop, leak):
    if leak in RANDOM_LEAKS:
        seed, age = RANDOM_LEAKS[leak]
        rule, truth = random_case(workshop, seed, 6, age)
    else:
        with duckdb.connect(str(few_ages), read_only=True) as connection:
            rule, truth = rule_of(connection, 6), of_ages(true_counts(connection, 6), 12)
        rule.frames = {12: rule.frames[12]}
    model, sound, leaky = LEAKS[leak]
    assert sound in rule.sql[model]
    rule.sql[model] = rule.sql[model].replace(sound, leaky)
    assert attacked_by(rule, truth).findings


EIGHT = {8: Frame(("measles",), frozenset())}


def eight_year_olds(students: dict[str, int | None], up_to_date: dict[str, int | None] | None = None) -> Release:
    """Rows of the province and of units, None where withheld."""

    def rows(measure: str, antigen: str | None, counts: dict[str, int | None]) -> list[dict]:
        return [
            {
                "measure": measure, "phu_id": None if unit == "province" else unit, "age": 8, "antigen": antigen,
                "gender": "all", "students": students[unit], "students_counted": count, "percent": None,
                "map_category": None, "withheld_reason": "withheld" if count is None else None,
            }
            for unit, count in counts.items()
        ]

    return Release(
        rows("students", None, students)
        + rows("coverage", "measles", students if up_to_date is None else up_to_date),
        [], 6,
    )


def test_antigens_that_need_a_small_one_to_cover_their_total_give_it_away():
    """Of 20 who lack any, 10 and 8 lack mumps and rubella: at least 2 of them lack measles."""
    frame = {7: Frame(("measles", "mumps", "rubella"), frozenset({"measles", "mumps", "rubella"}))}
    counts = {
        "coverage_all_ispa": (80, 800), "coverage/measles": (97, 900), "coverage/mumps": (90, 880),
        "coverage/rubella": (92, 890),
    }
    truth = eight_year_olds({"province": 1100, "AL": 100, "OT": 1000}, {})
    for name, (al, ot) in counts.items():
        measure, _, antigen = name.partition("/")
        truth.measures.extend(
            truth.measures[0] | {
                "measure": measure, "antigen": antigen or None, "phu_id": unit, "students": students,
                "students_counted": count,
            }
            for unit, students, count in ((None, 1100, al + ot), ("AL", 100, al), ("OT", 1000, ot))
        )
    for row in truth.measures:
        row["age"] = 7
    rule = Rule(frame, 6)
    assert attacked_by(rule, truth).findings == []
    sound = "small_siblings > 0 and least_covering <= base"
    assert sound in rule.sql[DECISIONS]
    rule.sql[DECISIONS] = rule.sql[DECISIONS].replace(sound, "false")
    assert attacked_by(rule, truth).findings == [Finding(7, "coverage/measles: remainder", "AL", 4, "rule")]


def test_a_number_that_the_marts_do_not_have_stops_the_attack():
    release = eight_year_olds(STUDENTS, UP_TO_DATE)
    release.measures[-1]["students_counted"] += 1
    with pytest.raises(ValueError, match="The marts have another number of coverage/measles, age 8, TO"):
        attack(release, eight_year_olds(STUDENTS, UP_TO_DATE), EIGHT)


@pytest.mark.parametrize(
    ("printed", "true", "found"),
    [
        # 100 less 97 is 3.
        ({"AL": None, "OT": 97}, {"AL": 3, "OT": 97}, [1]),
        # Two counts that add up to 2.
        ({"AL": None, "OT": None, "TO": 98}, {"AL": 1, "OT": 1, "TO": 98}, [3, 3]),
        # To 9 they are any of 0 to 9.
        ({"AL": None, "OT": None, "TO": 91}, {"AL": 5, "OT": 4, "TO": 91}, []),
        ({"AL": 3, "OT": 97}, {"AL": 3, "OT": 97}, [0]),
    ],
)
def test_the_attack_finds_what_can_be_worked_out_by_hand(printed, true, found):
    result = attack(
        eight_year_olds({"province": 100} | printed), eight_year_olds({"province": 100} | true), EIGHT
    )
    assert sorted(finding.values for finding in result.findings if finding.column == "students") == found
    assert {finding.level for finding in result.findings} <= {"tables"}


STUDENTS = {"province": 1030, "AL": 30, "OT": 500, "TO": 500}
UP_TO_DATE = {"province": 826, "AL": 27, "OT": 400, "TO": 399}


def test_which_unit_hides_the_others_tells_who_has_read_the_rule_more_than_the_tables_do():
    """Were the unit with most up to date to hide the others, it would have to keep more than the next."""
    truth = eight_year_olds(STUDENTS, UP_TO_DATE)
    rule = Rule(EIGHT, 6)
    assert attacked_by(rule, truth).findings == []
    rule.sql["int_release_decisions"] = rule.sql["int_release_decisions"].replace("unit_students desc", "counted desc")
    assert attacked_by(rule, truth).findings == [Finding(8, "coverage/measles: remainder", "AL", 4, "rule")]
    assert attacked_by(rule, truth, known=()).findings == []


def test_a_percent_or_a_map_category_beside_a_withheld_count_is_found():
    truth = eight_year_olds(STUDENTS, UP_TO_DATE)
    for column, value, values in (("percent", 90.0, 0), ("map_category", 4, 0)):
        release = release_by(Rule(EIGHT, 6), truth)
        [row] = [row for row in release.measures if row["phu_id"] == "AL" and row["measure"] == "coverage"]
        row[column] = value
        result = attack(release, truth, EIGHT, (Rule(EIGHT, 6),))
        assert values in {finding.values for finding in result.findings}, column


def test_a_release_that_the_rule_does_not_make_is_not_taken_for_safe():
    truth = eight_year_olds(STUDENTS, UP_TO_DATE)
    release = release_by(Rule(EIGHT, 6), truth)
    [row] = [row for row in release.measures if row["phu_id"] == "TO" and row["measure"] == "coverage"]
    row["students_counted"] = None
    result = attack(release, truth, EIGHT, (Rule(EIGHT, 6),))
    assert result.unexplained == [8] and not result.is_safe


def test_what_an_earlier_release_prints_is_known():
    """Each release hides one count of 3 behind another unit; both together print the two units."""
    truth = eight_year_olds(STUDENTS, UP_TO_DATE)
    rule, other = Rule(EIGHT, 6), Rule(EIGHT, 6)
    other.sql["int_release_decisions"] = other.sql["int_release_decisions"].replace("unit asc", "unit desc")
    for one in (rule, other):
        assert attacked_by(one, truth).findings == []
    result = attack(release_by(rule, truth), truth, EIGHT, (), (release_by(other, truth),))
    assert result.findings == [Finding(8, "coverage/measles: remainder", "AL", 1, "tables")]


def test_releases_of_other_data_contradict_each_other():
    later = UP_TO_DATE | {"province": 827, "TO": 400}
    with pytest.raises(Contradiction):
        values_of([eight_year_olds(STUDENTS, UP_TO_DATE), eight_year_olds(STUDENTS, later)], EIGHT)


def test_a_column_that_is_not_shown_to_be_safe_is_withheld_in_the_units_and_then_in_the_province():
    truth = eight_year_olds(STUDENTS, UP_TO_DATE)
    rule = Rule(EIGHT, 6)
    result = Result(findings=[Finding(8, "coverage/measles: remainder", "AL", 4, "rule")])
    assert publish.hold_back(rule, result)
    cells = {(8, "coverage/measles", unit) for unit in ("AL", "OT", "TO")}
    assert publish.withheld_by(rule, truth) == cells
    assert publish.hold_back(rule, result)
    assert publish.withheld_by(rule, truth) == cells | {(8, "coverage/measles", "province")}
    assert not publish.hold_back(rule, result)


def test_a_threshold_that_protects_nothing_stops_the_build(tmp_path):
    build = run_dbt("build", "--vars", "suppress_below: 2", warehouse=tmp_path / "warehouse.duckdb")
    assert build.returncode != 0
    assert "it must be a whole number of at least 3" in build.output


def run_publish(warehouse: Path, folder: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ICW, "publish", *options, folder],
        env=os.environ | {"WAREHOUSE_PATH": str(warehouse)},
        capture_output=True, text=True, check=False,
    )


@pytest.fixture(scope="module")
def files(few_ages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "published"
    done = run_publish(few_ages, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Age 12 (2 of 2): " in done.stdout
    assert done.stdout.count("small quantities attacked, 0 narrowed, 0 found exactly.") == 2
    return folder


@pytest.fixture(scope="module")
def few(few_ages: Path) -> Build:
    return Build(few_ages, 0, "")


def test_every_published_table_is_the_same_in_each_form(few, files):
    tables = [
        name for (name,) in few.rows(
            "select table_name from information_schema.tables where table_schema = 'published' order by 1"
        )
    ]
    assert tables == ["antigen_definitions", "data_dictionary", "measures", "releases", "school_assignment"]
    assert {file.name for file in files.iterdir()} == {
        "README.md", "SHA256SUMS", "immunization_coverage.duckdb",
        *(f"{table}.{form}" for table in tables for form in ("csv", "parquet")),
    }
    with duckdb.connect(str(files / "immunization_coverage.duckdb"), read_only=True) as connection:
        ((tags,),) = connection.execute(
            "select tags from duckdb_databases() where database_name = 'immunization_coverage'"
        ).fetchall()
        assert tags["storage_version"] == "v1.0.0+"
        for table in tables:
            rows = few.rows(f"from published.{table} order by all")
            assert rows
            assert connection.execute(f"from published.{table}").fetchall() == rows
            assert connection.execute(f"from '{files}/{table}.parquet'").fetchall() == rows
            read_back = connection.execute(
                f"select * from read_csv('{files}/{table}.csv', header = true, all_varchar = true)"
            ).fetchall()
            assert len(read_back) == len(rows)
        read_back = f"from read_csv('{files}/measures.csv', header = true, all_varchar = true)"
        as_text = "select columns(*)::varchar from published.measures"
        assert connection.execute(as_text).fetchall() == connection.execute(read_back).fetchall()


def test_the_published_file_describes_its_tables_and_columns(files):
    with duckdb.connect(str(files / publish.DATABASE), read_only=True) as connection:
        comments = connection.execute(
            "select table_name, column_name, comment from duckdb_columns() where schema_name = 'published' union all "
            "select table_name, '', comment from duckdb_tables() where schema_name = 'published'"
        ).fetchall()
        described = connection.execute(
            "select table_name, column_name, description from published.data_dictionary union all "
            "select distinct table_name, '', table_description from published.data_dictionary"
        ).fetchall()
    marks = {"": f"{publish.SYNTHETIC} "}
    assert sorted(comments) == sorted(
        (table, column, marks.get(column, "") + " ".join(text.split())) for table, column, text in described
    )


def test_the_readme_names_the_build_and_every_column(demonstration, files):
    text = (files / "README.md").read_text(encoding="utf-8")
    [(build_id, described)] = demonstration.rows(
        "select any_value(build_id), list(column_name) from published.data_dictionary"
    )
    assert build_id in text
    assert all(f"| {column} |" in text for column in described)
    assert "**Synthetic data: the students are fictional.**" in text


def statistics(file: Path, tables: list[str]) -> list[tuple]:
    """What a DuckDB file says of its segments: their rows, least and greatest values. How they are packed is drawn."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return [
            row
            for table in tables
            for row in connection.execute(
                "select column_name, segment_type, start, count, stats "
                f"from pragma_storage_info('published.{table}') order by all"
            ).fetchall()
        ]


def test_the_files_of_a_release_say_nothing_but_what_is_published(few_ages, files, tmp_path, monkeypatch):
    """They are the same from a warehouse of the published rows alone, the DuckDB file's statistics too."""
    alone = tmp_path / "alone.duckdb"
    with duckdb.connect(str(alone)) as connection:
        connection.execute(f"attach '{files / publish.DATABASE}' as released (read_only)")
        connection.execute("create schema published")
        connection.execute("use released")
        tables = publish.tables_of(connection)
        connection.execute("use alone")
        for table in tables:
            connection.execute(f"create table published.{table} as from released.published.{table}")
        # Which annex the definitions are from stands in the page that goes with the files.
        connection.execute(f"attach '{few_ages}' as built (read_only)")
        connection.execute("create schema annex")
        connection.execute("create table annex.school_years as from built.annex.school_years")
    monkeypatch.setattr(publish, "attacked", lambda *_: None)
    publish.publish(alone, tmp_path / "published")
    written = {file.name for file in files.iterdir()} - {publish.DATABASE, publish.MANIFEST}
    assert len(written) == 11
    for name in written:
        assert (tmp_path / "published" / name).read_bytes() == (files / name).read_bytes(), name
    assert statistics(tmp_path / "published" / publish.DATABASE, tables) == statistics(files / publish.DATABASE, tables)


def test_a_release_that_can_be_attacked_is_not_published(few_ages, files, tmp_path):
    shutil.copy(few_ages, tmp_path / "demonstration.duckdb")
    with duckdb.connect(str(tmp_path / "demonstration.duckdb")) as connection:
        connection.execute(
            "update published.measures as measures "
            "set students_counted = coverage.students_up_to_date, withheld_reason = null from marts.coverage "
            "where measures.measure = 'coverage' and coverage.age = measures.age "
            "and coverage.antigen = measures.antigen and coverage.phu_id = measures.phu_id and coverage.age = 12"
        )
    folder = shutil.copytree(files, tmp_path / "published")
    done = run_publish(tmp_path / "demonstration.duckdb", folder)
    assert done.returncode == 1
    assert "small counts can be derived from the published tables" in done.stdout
    assert (folder / "measures.csv").read_bytes() == (files / "measures.csv").read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".building")]


def test_a_folder_of_other_files_is_never_replaced(few_ages, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("mine", encoding="utf-8")
    done = run_publish(few_ages, tmp_path / "home")
    assert done.returncode == 1
    assert "has files that are not of a release" in done.stdout and "thesis.txt" in done.stdout
    assert (tmp_path / "home" / "thesis.txt").exists()


@pytest.mark.parametrize("foreign", ["notes.txt", "subfolder", "link.csv", "measures.csv"])
def test_what_a_release_did_not_write_is_left_alone(files, tmp_path, foreign):
    folder = shutil.copytree(files, tmp_path / "published")
    assert publish.not_of_a_release(folder) == []
    if foreign == "subfolder":
        (folder / foreign).mkdir()
    elif foreign == "link.csv":
        (folder / foreign).symlink_to(folder / "README.md")
    else:
        (folder / foreign).write_text("mine", encoding="utf-8")
    with pytest.raises(publish.NotPublished, match=f"has files that are not of a release, or were changed: {foreign}"):
        publish.publish(files / publish.DATABASE, folder)
    assert os.path.lexists(folder / foreign)


def changed(few_ages: Path, files: Path, folder: Path, *statements: str) -> Path:
    """A later build of the warehouse, beside which the release of the first is kept."""
    shutil.copy(few_ages, folder / "demonstration.duckdb")
    shutil.copytree(folder_of(few_ages), folder_of(folder / "demonstration.duckdb"))
    with duckdb.connect(str(folder / "demonstration.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
    return folder / "demonstration.duckdb"


# One student more of one unit, up to date for measles: every count of the marts and the tables that hold it.
ONE_MORE = [
    f"update {table} set {column} = {column} + 1 where age = 10 and {where} and (phu_id is null or phu_id = 'TO')"
    for table, column, where in (
        ("marts.coverage", "students", "true"), ("marts.coverage", "students_up_to_date", "true"),
        ("published.measures", "students", "students is not null"),
        ("published.measures", "students_counted", "students_counted is not null"),
    )
]


def test_a_second_release_of_a_school_year_is_refused(few_ages, files, tmp_path):
    warehouse = changed(few_ages, files, tmp_path, *ONE_MORE)
    for options, said in (
        ((), "2018-19 has been released before: build"), (("--again",), "differs from this one by small numbers"),
    ):
        done = run_publish(warehouse, tmp_path / "published", *options)
        assert done.returncode == 1 and said in done.stdout, done.stdout
        assert not (tmp_path / "published").exists()
    assert "counts differ, of coverage, students." in run_publish(warehouse, tmp_path / "published").stdout


def test_a_release_that_was_published_elsewhere_can_be_named(few_ages, files, tmp_path):
    warehouse = changed(few_ages, files, tmp_path, *ONE_MORE)
    shutil.rmtree(folder_of(warehouse))
    done = run_publish(warehouse, tmp_path / "published", "--earlier", files)
    assert done.returncode == 1 and f"({files})" in done.stdout, done.stdout


def test_the_same_counts_at_a_higher_threshold_withhold_what_either_does(few_ages, files, tmp_path):
    warehouse = changed(few_ages, files, tmp_path)
    before = {shown(row)[:5] for row in published_of(files) if row["withheld_reason"]}
    with duckdb.connect(str(warehouse)) as connection:
        rule, truth = rule_of(connection, 11), true_counts(connection, 11)
        connection.execute("attach ':memory:' as memory")
        connection.execute("create schema memory.published")
        for table in ("measures", "school_assignment", "releases"):
            connection.execute(f"create table memory.published.{table} as from published.{table}")
        publish.withhold(connection, publish.withheld_by(rule, truth), rule.frames, "memory.published")
        for table in ("measures", "school_assignment"):
            connection.execute(f"create or replace table published.{table} as from memory.published.{table}")
        connection.execute("update published.releases set suppress_below = 11")
    done = run_publish(warehouse, tmp_path / "published", "--again")
    assert done.returncode == 0, done.stdout
    assert "Known: tables and rule and earlier releases." in done.stdout
    after = {shown(row)[:5] for row in published_of(tmp_path / "published") if row["withheld_reason"]}
    assert before < after
    assert len(list(folder_of(warehouse).iterdir())) == 2


def published_of(folder: Path) -> list[dict]:
    with duckdb.connect(str(folder / publish.DATABASE), read_only=True) as connection:
        return records_of(connection, "from published.measures")


def test_a_missing_warehouse_is_said_in_a_sentence(tmp_path):
    done = run_publish(tmp_path / "warehouse.duckdb", tmp_path / "published")
    assert done.returncode == 1
    assert "There is no warehouse" in done.stdout


@pytest.mark.parametrize("command", ["publish", "attack", "explain", "compare"])
def test_an_option_is_never_taken_for_a_folder_a_file_or_a_client(demonstration, tmp_path, command):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ICW, command, *arguments], cwd=tmp_path, capture_output=True, text=True,
            check=False, env=os.environ | {"WAREHOUSE_PATH": str(demonstration.warehouse)},
        )  # fmt: skip

    asked, wrong = run("--help"), run("--force")
    assert asked.returncode == 0 and f"Usage: icw {command}" in asked.stdout and "WAREHOUSE_PATH" in asked.stdout
    assert wrong.returncode == 2 and "Usage:" in wrong.stderr
    assert not list(tmp_path.iterdir())


def test_a_new_release_replaces_the_old_one_whole(few_ages, files, tmp_path):
    folder = shutil.copytree(files, tmp_path / "published")
    link = tmp_path / "link"
    link.symlink_to(folder)
    before = (folder / "measures.csv").stat().st_ino
    done = run_publish(few_ages, link)
    assert done.returncode == 0, done.stdout
    assert link.is_symlink() and (folder / "measures.csv").stat().st_ino != before
    assert {file.name for file in folder.iterdir()} == {file.name for file in files.iterdir()}


def test_the_dictionary_describes_every_published_column(demonstration):
    [(undescribed,)] = demonstration.rows(
        "select count(*) from information_schema.columns as built left join published.data_dictionary as described "
        "on built.table_name = described.table_name and built.column_name = described.column_name "
        "where built.table_schema = 'published' and coalesce(described.description, '') = ''"
    )
    assert undescribed == 0


def test_published_counts_are_those_of_the_marts(demonstration):
    with duckdb.connect(str(demonstration.warehouse), read_only=True) as connection:
        rows = records_of(connection, "from published.measures where measure = 'coverage' and withheld_reason is null")
        true_rows = {
            (row["phu_id"], row["age"], row["antigen"]): row for row in records_of(connection, "from marts.coverage")
        }
    assert rows
    for row in rows:
        true_row = true_rows[row["phu_id"], row["age"], row["antigen"]]
        assert row["percent"] == true_row["coverage_percent"]
        assert row["map_category"] == true_row["map_category"]
        assert row["goal_percent"] == true_row["goal_percent"]
