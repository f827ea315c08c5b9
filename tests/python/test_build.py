"""The build held against an independent reading of the annex, and against what a user does with it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import annex_reading
import duckdb
import pytest
from conftest import ONLY_TABLES, ROOT, SHARED, Build, differing, edit_rules, few, long, run_compare, run_dbt
from random_extracts import write_extracts

# No student of 7 to 17 years can fill them: they need a dose some ten years after a fourth or fifth one at four or
# later. Unit tests reach them with older births.
RULES_OUT_OF_REACH = {f"{antigen}-{rule}" for antigen in ("DIP", "PER", "TET") for rule in ("5d", "6c", "6d")}

TABLES = {
    "students": "assessment.students",
    "student_antigens": "assessment.student_antigens",
    "doses": "assessment.doses",
    "student_exemptions": "assessment.student_exemptions",
    "coverage": "marts.coverage",
    "coverage_all_ispa": "marts.coverage_all_ispa",
    "exemptions": "marts.exemptions",
    "exemptions_any_ispa": "marts.exemptions_any_ispa",
    "series_uptake": "marts.series_uptake",
    "school_assignment": "marts.school_assignment",
}
# The models of these tables and what they need: the indicators have comparisons of their own.
ONLY_COMPARED = (
    "--select", "+students", "+student_antigens", "+student_exemptions",
    "+path:models/marts/assessment/doses/doses.sql", "+path:models/marts/coverage/coverage.sql",
    "+coverage_all_ispa", "+exemptions_by_antigen", "+exemptions_any_ispa", "+series_uptake", "+school_assignment",
    "--exclude-resource-type", "test", "unit_test",
)  # fmt: skip


def assert_equals_reading(build: Build, expected: dict[str, list[tuple]]) -> None:
    differences = []
    for name, table in TABLES.items():
        columns = [
            "coalesce(phu_name, '') as phu_name" if column == "phu_name" else column
            for column in annex_reading.COLUMNS[name]
        ]
        built = build.rows(f"select {', '.join(columns)} from {table}")
        want = set(expected[name])
        if set(built) != want or len(built) != len(expected[name]):
            differences.append(
                f"{table}: {len(want - set(built))} rows missing, such as {sorted(want - set(built), key=str)[:2]}; "
                f"{len(set(built) - want)} not expected, such as {sorted(set(built) - want, key=str)[:2]}"
            )
    assert not differences, "\n".join(differences)


def as_parquet(folder: Path, target: Path) -> None:
    """The same rows as Parquet: one file, or a folder of parts whose order is the order of the rows."""
    target.mkdir()
    for file in sorted(folder.glob("*.csv")):
        source = f"read_csv('{file}', all_varchar = true, header = true)"
        if file.stem == "immunizations":
            (target / file.stem).mkdir()
            rows = duckdb.sql(f"select count(*) from {source}").fetchall()[0][0]
            for part in range(2):
                duckdb.sql(
                    f"copy (from {source} limit {rows // 2 + 1} offset {part * (rows // 2 + 1)}) "
                    f"to '{target / file.stem / f'part_{part}.parquet'}'"
                )
        else:
            duckdb.sql(f"copy (from {source}) to '{target / file.stem}.parquet'")


def as_parts(folder: Path) -> None:
    """immunizations.csv cut into immunizations_1.csv and immunizations_2.csv."""
    header, *lines = (folder / "immunizations.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)
    (folder / "immunizations.csv").unlink()
    half = len(lines) // 2
    (folder / "immunizations_1.csv").write_text(header + "".join(lines[:half]), encoding="utf-8")
    (folder / "immunizations_2.csv").write_text(header + "".join(lines[half:]), encoding="utf-8")


@pytest.mark.parametrize(
    ("seed", "students", "school_year", "window", "form"),
    few([
        (1, 3000, 2018, "overlap", "csv"),
        (2, 2000, 2016, "overlap", "parquet"),
        (3, 2000, 2023, "overlap", "parts"),
        (4, 2000, 2018, "as_printed", "csv"),
        # Other units, ages and agents.
        (5, 1000, 2014, "overlap", "csv"),
        (6, 1000, 2017, "overlap", "csv"),
        (7, 1000, 2024, "overlap", "csv"),
    ], 1),
)  # fmt: skip
def test_the_build_of_random_histories_equals_the_independent_reading(
    tmp_path, seed, students, school_year, window, form
):
    folder = tmp_path / "extracts"
    write_extracts(folder, seed=seed, students=students, school_year=school_year)
    expected = annex_reading.assess(folder, school_year, window)
    if form == "parquet":
        as_parquet(folder, tmp_path / "parquet")
        folder = tmp_path / "parquet"
    if form == "parts":
        as_parts(folder)
    variables = json.dumps({"school_year": school_year, "education_record_window": window})

    arguments = ("build", *ONLY_COMPARED, "--vars", variables)
    build = run_dbt(*arguments, warehouse=tmp_path / "warehouse.duckdb", extracts=folder)

    assert build.returncode == 0, build.output
    assert_equals_reading(build, expected)
    # Some rules are met by few of a thousand students.
    if students == 3000:
        assert_every_rule_fires(build)


def assert_every_rule_fires(build: Build) -> None:
    rules = {row[0] for row in build.rows("select rule_id from annex.dose_rules")}
    criteria = {row[0] for row in build.rows("select rule_id from annex.up_to_date_rules")}
    fired = {row[0] for row in build.rows("select distinct rule_id from assessment.doses where is_valid")}
    satisfied = {row[0] for row in build.rows("select distinct criterion from assessment.student_antigens")}
    assert rules - fired == RULES_OUT_OF_REACH
    # 3+1 is printed first and a student whom it satisfies satisfies 2+1 as well, so every criterion can be the first.
    assert criteria <= satisfied


def test_the_demonstration_equals_the_independent_reading(demonstration):
    assert_equals_reading(demonstration, annex_reading.assess(ROOT / "seeds" / "extracts"))


def test_tables_of_the_contract_are_read_under_any_name_of_the_file(demonstration):
    # DuckDB keeps the file's name in a view, not in a table.
    with duckdb.connect() as connection:
        connection.execute(f"attach '{demonstration.warehouse}' as another_name (read_only)")
        for table in TABLES.values():
            connection.execute(f"from another_name.{table} limit 1")


@long
def test_extracts_from_a_folder_give_what_the_same_seeds_give(demonstration, tmp_path):
    seeds = ROOT / "seeds" / "extracts"
    build = run_dbt("build", *ONLY_TABLES, warehouse=tmp_path / "warehouse.duckdb", extracts=seeds)
    assert build.returncode == 0, build.output
    tables = build.rows(
        "select table_schema || '.' || table_name, string_agg(column_name, ', ') from information_schema.columns "
        "where table_schema in ('assessment', 'marts') and table_name <> 'builds' "
        "and column_name not in ('build_id', 'built_at') group by 1 order by 1"
    )
    assert len(tables) >= 14
    for table, columns in tables:
        quoted = ", ".join(f'"{column}"' for column in columns.split(", "))
        query = f"select {quoted} from {table} order by all"
        assert build.rows(query) == demonstration.rows(query), table
    recorded = "select extract_name, row_count, content_hash from marts.builds order by 1"
    assert build.rows(recorded) == demonstration.rows(recorded)
    assert not build.rows("select 1 from information_schema.tables where table_schema = 'raw'")
    marked = "select distinct is_demonstration, is_synthetic from marts.builds"
    assert (demonstration.rows(marked), build.rows(marked)) == ([(True, True)], [(False, True)])


@pytest.mark.parametrize(("name", "school_year"), [("open", 2018), ("open_2016", 2016), ("open_2024", 2024)])
def test_the_open_cases_agree_in_every_row(tmp_path, name, school_year):
    case = SHARED / "cases" / name
    if not case.exists():
        pytest.skip("the open case is not beside the project")
    # Cases made of odd records: clients without an education record that can be used, doses of the years to come.
    accepted = (
        "clients_without_usable_education_record clients_without_usable_education_record_by_age "
        "immunizations_after_build"
    )
    build = run_dbt(
        "build", "--vars", f"school_year: {school_year}",
        warehouse=tmp_path / "warehouse.duckdb", extracts=case, ACCEPT=accepted,
    )  # fmt: skip
    assert build.returncode == 0, build.output
    compared = subprocess.run(
        [sys.executable, SHARED / "cases" / "compare.py", build.warehouse, case / "expected"],
        capture_output=True, text=True, check=False,
    )
    assert compared.returncode == 0, compared.stdout


def copy_of_demonstration(folder: Path) -> Path:
    return shutil.copytree(ROOT / "seeds" / "extracts", folder, ignore=shutil.ignore_patterns("*.yml"))


def test_missing_extracts_and_columns_stop_the_build_by_name_before_anything_is_replaced(demonstration, tmp_path):
    folder = copy_of_demonstration(tmp_path / "extracts")
    (folder / "exemptions.csv").unlink()
    schools = (folder / "schools.csv").read_text(encoding="utf-8")
    (folder / "schools.csv").write_text(schools.replace("school_type", "kind_of_school", 1), encoding="utf-8")
    clients = (folder / "clients.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "clients.csv").write_text("1000000000,Gendron,F,Active,true\n" + "".join(clients[1:]), encoding="utf-8")
    shutil.copy(demonstration.warehouse, tmp_path / "warehouse.duckdb")
    before = (tmp_path / "warehouse.duckdb").read_bytes()
    build = run_dbt("build", warehouse=tmp_path / "warehouse.duckdb", extracts=folder)
    assert build.returncode != 0
    assert "Extract 'exemptions' is missing" in build.output
    assert "Extract 'schools' has no column 'school_type'" in build.output
    assert "kind_of_school" in build.output
    # A file without headers: its first row is somebody's.
    assert "Extract 'clients' has no column 'client_id'" in build.output
    assert "gendron" not in build.output.lower()
    assert (tmp_path / "warehouse.duckdb").read_bytes() == before


def test_an_extract_that_stands_twice_stops_the_build(tmp_path):
    folder = copy_of_demonstration(tmp_path / "extracts")
    duckdb.sql(f"copy (from '{folder}/clients.csv') to '{folder}/clients.parquet'")
    build = run_dbt("build", warehouse=tmp_path / "warehouse.duckdb", extracts=folder)
    assert build.returncode != 0
    assert "Extract 'clients' exists twice" in build.output


@pytest.mark.parametrize("school_year", few([2012, 2026], 1))
def test_a_year_outside_the_rules_stops_the_build_with_a_sentence(tmp_path, school_year):
    variables = f"school_year: {school_year}"
    build = run_dbt("build", *ONLY_TABLES, "--vars", variables, warehouse=tmp_path / "warehouse.duckdb")
    assert build.returncode != 0
    assert f"No definitions for the school year {school_year}" in build.output
    assert "2013 to 2025" in build.output
    assert not build.rows("select 1 from information_schema.tables where table_schema = 'marts'")


@pytest.mark.parametrize(
    "variables", ["education_record_window: sometimes", "school_year: 2018-19", "as_of: '2019-02-29'"]
)
def test_a_switch_with_an_unknown_value_stops_the_build(tmp_path, variables):
    build = run_dbt("build", "--fail-fast", "--vars", variables, warehouse=tmp_path / "warehouse.duckdb")
    assert build.returncode != 0
    assert "it must be" in build.output


@long
def test_a_changed_interval_shows_which_doses_and_students_changed(demonstration, project_copy, tmp_path):
    def seventy_days(rows):
        for row in rows:
            if row["rule_id"] == "DIP-2":
                row["interval_from"] = "70 days"
                row["annex_text"] = row["annex_text"].replace("≥28", "≥70")

    edit_rules(project_copy, "dose_rules", seventy_days)
    build = run_dbt(
        "build", "--select", "+path:models/marts/assessment/doses/doses.sql", "+student_antigens", "+coverage",
        "+antigen_definitions", "--indirect-selection", "buildable", "--exclude-resource-type", "unit_test",
        warehouse=tmp_path / "warehouse.duckdb", project=project_copy,
    )  # fmt: skip
    assert build.returncode == 0, build.output
    changed = differing("doses", build.warehouse, demonstration.warehouse, tmp_path)
    assert {row["antigen"] for row in changed} == {"diphtheria"}
    refused = [row for row in changed if row["dose_number_before"] == "2" and row["dose_number_now"] == ""]
    assert refused and all(row["reason_now"] == "interval_too_short" and row["rule_now"] == "DIP-2" for row in refused)
    definition = build.rows("select definition from marts.antigen_definitions where rule_id = 'DIP-2'")[0][0]
    assert "≥70 days after the valid dose before" in definition
    students = differing("students", build.warehouse, demonstration.warehouse, tmp_path)
    assert {row["antigen"] for row in students} == {"diphtheria"} and "criterion_now" in students[0]
    coverage = differing("coverage", build.warehouse, demonstration.warehouse, tmp_path)
    assert {row["antigen"] for row in coverage} == {"diphtheria"} and coverage[0]["coverage_now"] != ""


def test_a_changed_dose_shows_though_no_record_has_an_immunization_id(demonstration, tmp_path):
    now, earlier = tmp_path / "now.duckdb", tmp_path / "earlier.duckdb"
    for path in (now, earlier):
        shutil.copy(demonstration.warehouse, path)
        with duckdb.connect(str(path)) as connection:
            connection.execute("update intermediate.int_doses_judged set immunization_id = null")
    one_dose = """
        (client_id, antigen, schedule, administered_date) = (
            select first((client_id, antigen, schedule, administered_date) order by client_id, administered_date)
            from assessment.doses where antigen = 'measles' and {})
    """
    with duckdb.connect(str(earlier)) as connection:
        connection.execute(
            "update intermediate.int_doses_judged set dose_number = null, is_valid = false, reason = 'too_young' "
            "where is_valid and" + one_dose.format("is_valid and dose_number = 1")
        )
        connection.execute(
            "delete from intermediate.int_doses_judged where reason = 'extra_dose' and"
            + one_dose.format("reason = 'extra_dose'")
        )
    changed = [
        tuple(row[f"{name}_{build}"] for build in ("before", "now") for name in ("dose_number", "reason"))
        for row in differing("doses", now, earlier, tmp_path)
    ]
    assert sorted(changed) == [("", "", "", "extra_dose"), ("", "too_young", "1", "")]


@long
def test_the_comparison_prints_every_column_and_leaves_no_id_behind(demonstration, tmp_path):
    now, earlier = tmp_path / "now.duckdb", tmp_path / "earlier.duckdb"
    for path in (now, earlier):
        shutil.copy(demonstration.warehouse, path)
    with duckdb.connect(str(earlier)) as connection:
        connection.execute(
            "update intermediate.int_student_antigens set is_up_to_date = false, criterion = null "
            "where antigen = 'polio'"
        )
    before = {path: path.read_bytes() for path in (now, earlier)}
    log = ROOT / "logs" / "dbt.log"
    logged = log.stat().st_size if log.exists() else 0
    (tmp_path / "temporary").mkdir()
    done = run_compare(
        "students", "--limit", "0", now=now, earlier=earlier,
        DBT_LOG_PATH=tmp_path / "logs", DBT_TARGET_PATH=tmp_path / "target", TMPDIR=tmp_path / "temporary",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    changed = demonstration.rows(
        "select client_id, criterion, valid_doses from assessment.student_antigens "
        "where antigen = 'polio' and is_up_to_date order by 1"
    )
    lines = [line.split() for line in done.stdout.splitlines() if re.match(r"\d{10}", line)]
    assert len(changed) > 1000 and done.stdout.endswith(f"\n{len(changed)} rows.\n")
    assert lines == [
        [client, "polio", "false", "true", str(doses), str(doses), *([criterion] if criterion else [])]
        for client, criterion, doses in changed
    ]
    left = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path: left.pop(path) for path in before} == before
    if log.exists():
        left[log] = log.read_bytes()[logged:]
    for path, content in left.items():
        assert not [client for client, *_ in changed if client.encode() in content], path


def test_a_comparison_with_nothing_or_with_itself_is_refused_in_a_sentence(demonstration, tmp_path):
    (tmp_path / "empty.duckdb").touch()
    (tmp_path / "notes.txt").write_text("no database", encoding="utf-8")
    for earlier, sentence in (
        ("", "Name the earlier warehouse: --with earlier.duckdb, or COMPARE_WITH."),
        (tmp_path / "none.duckdb", f"There is no earlier warehouse {tmp_path / 'none.duckdb'}"),
        (demonstration.warehouse, f"{demonstration.warehouse} is the warehouse itself"),
        (tmp_path / "notes.txt", f"{tmp_path / 'notes.txt'} cannot be opened"),
    ):
        done = run_compare("students", now=demonstration.warehouse, earlier=earlier)
        assert done.returncode == 1 and done.stderr.startswith(sentence) and done.stderr.count("\n") == 1, done.stderr
    done = run_compare("students", now=tmp_path / "none.duckdb", earlier=demonstration.warehouse)
    assert done.returncode == 1 and "Build it first: icw build" in done.stderr
    assert not (tmp_path / "none.duckdb").exists()


def test_coverage_beside_an_earlier_build_has_the_largest_change_first_and_no_unchanged_row(demonstration, tmp_path):
    earlier = tmp_path / "earlier.duckdb"
    shutil.copy(demonstration.warehouse, earlier)
    with duckdb.connect(str(earlier)) as connection:
        connection.execute(
            "update marts.coverage set students_up_to_date = students_up_to_date - age + 6, "
            "coverage_percent = 100.0 * (students_up_to_date - age + 6) / students "
            "where antigen = 'polio' and geography = 'province'"
        )
        connection.execute("delete from marts.coverage where antigen = 'hib' and geography = 'province'")
    rows = differing("coverage", demonstration.warehouse, earlier, tmp_path)
    only_now = [row for row in rows if not row["coverage_before"]]
    assert {row["antigen"] for row in only_now} == {"hib"} and rows[-len(only_now) :] == only_now
    changed = [float(row["points_changed"]) for row in rows[: -len(only_now)]]
    assert len(changed) == len({row["age"] for row in rows if row["antigen"] == "polio"}) > 1
    assert changed == sorted(changed, reverse=True) and min(changed) > 0


def test_the_demonstration_is_what_its_generator_writes(tmp_path):
    generated = subprocess.run(
        [
            sys.executable, ROOT / "scripts" / "generate_extracts.py", tmp_path / "extracts", "--students", "6000",
            "--seed", "2018", "--school-year", "2018", "--format", "csv", "--flaws", "demonstration",
        ],
        capture_output=True, text=True, check=False,
    )
    assert generated.returncode == 0, generated.stderr
    for file in sorted((ROOT / "seeds" / "extracts").glob("*.csv")):
        assert (tmp_path / "extracts" / file.name).read_bytes() == file.read_bytes(), file.name
