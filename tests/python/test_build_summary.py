"""The lines of a build: phases while it runs, a summary at its end; from invented tables and invented events of dbt."""

import io
import json
from pathlib import Path

import duckdb
import pytest

from immunization_coverage.build.progress import Events, Progress, error_in_short, lines_of_failure
from immunization_coverage.build.summary import MOST_LINES, Facts, Finding, Reading, facts_of, summary

COVERAGE = [
    ("measles", 7, 604, 92.71),
    ("measles", 17, 604, 96.9),
    ("mcv4", 12, 500, 82.0),
    ("mcv4", 17, 604, 87.1),
    ("hepatitis_b", 12, 500, 69.5),
    ("hpv", 12, 500, 60.4),
    ("hpv", 17, 300, 65.9),
    ("varicella", 7, 604, 86.1),
]
QUALITY_COLUMNS = (
    'build_id varchar, school_year varchar, "check" varchar, severity varchar, outcome varchar, column_name varchar, '
    "description varchar, rows_checked bigint, rows_failed bigint"
)


def invented_warehouse(path: Path, checks: list[tuple], build_id: str = "b", more: float = 0, extra: str = "") -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema assessment")
        connection.execute(
            f"create table marts.builds as select * from (values ('{build_id}', '2018-19', 'clients', 2000), "
            f"('{build_id}', '2018-19', 'immunizations', 40000), "
            f"('{build_id}', '2018-19', 'immunization_histories', 0)) "
            "as t (build_id, school_year, extract_name, row_count)"
        )
        connection.execute(
            "create table marts.coverage (build_id varchar, school_year varchar, geography varchar, antigen varchar, "
            "age int, students bigint, coverage_percent double)"
        )
        for antigen, age, students, percent in [*COVERAGE, ("rubella", 7, 603, 1.0)]:
            row = (build_id, "2018-19", "province", antigen, age, students, percent + more)
            connection.execute("insert into marts.coverage values (?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute(
            f"create table marts.coverage_all_ispa as select '{build_id}' as build_id, '2018-19' as school_year, "
            "'province' as geography, age, 80.0 as coverage_percent from (values (7), (17)) as t (age)"
        )
        connection.execute(f"create table marts.data_quality ({QUALITY_COLUMNS}{extra})")
        for check in checks:
            connection.execute(f"insert into marts.data_quality values ({', '.join('?' * len(check))})", check)
        connection.execute(
            "create table assessment.data_quality_findings "
            "(school_year varchar, check_name varchar, row_id varchar, value varchar)"
        )
    return path


def check(name: str, outcome: str, rows: int, severity: str = "warn", column: str = "client_id") -> tuple:
    return ("b", "2018-19", name, severity, outcome, column, f"The sentence of {name}.", 1000, rows)


def text_of(path: Path, folder: str = "/in", is_published: bool = True, **places: Path) -> str:
    return "\n".join(summary(facts_of(path, "b", **places), folder, is_published))


def test_a_summary_says_rows_students_by_age_on_one_line_and_the_ten_measures_beside_the_last_builds(tmp_path):
    last = invented_warehouse(tmp_path / "last.duckdb", [], build_id="a", more=-1.5)
    lines = text_of(invented_warehouse(tmp_path / "now.duckdb", []), last=last).splitlines()
    assert lines[0] == "Read /in, 42,000 rows: clients 2,000; immunizations 40,000."
    assert lines[1] == "Students of 2018-19 by age: 7: 604, 12: 500, 17: 604."
    measures = " ".join(" ".join(lines[2:]).split())
    for measure in (
        "all ISPA at 7 80.0 (80.0)",
        "all ISPA at 17 80.0 (80.0)",
        "measles at 7 92.7 (91.2)",
        "measles at 17 96.9 (95.4)",
        "MCV4 at 12 82.0 (80.5)",
        "MCV4 at 17 87.1 (85.6)",
        "hepatitis B at 12 69.5 (68.0)",
        "HPV at 12 (all) 60.4 (58.9)",
        "HPV at 17 (F) 65.9 (64.4)",
        "varicella at 7 86.1 (84.6)",
    ):
        assert measure in measures
    assert lines[-1] == "Nothing was found in the extracts."


def test_the_coverage_of_another_school_year_is_no_last_builds(tmp_path):
    last = invented_warehouse(tmp_path / "last.duckdb", [])
    with duckdb.connect(str(last)) as connection:
        connection.execute("update marts.coverage set school_year = '2017-18'")
        connection.execute("update marts.coverage_all_ispa set school_year = '2017-18'")
    assert "no earlier build of this year to compare" in text_of(
        invented_warehouse(tmp_path / "n.duckdb", []), last=last
    )


def test_findings_are_sentences_with_counts_worst_first_and_those_without_effect_share_a_line(tmp_path):
    checks = [
        check("clients_exact_copy", "warned", 900),
        check("clients_not_active", "counted", 700, severity="info"),
        check("few", "warned", 1),
        check("most", "warned", 500),
        check("left_out", "within_threshold", 999),
        check("passed", "passed", 0),
        ("a", *check("of_another_build", "warned", 5)[1:]),
    ]
    lines = text_of(invented_warehouse(tmp_path / "w.duckdb", checks)).splitlines()
    found = lines[lines.index("Found in the extracts:") + 1 :]
    assert found == [
        "  warning: 500 of 1,000 (50.0 %) most: The sentence of most.",
        "  warning: 1 of 1,000 (0.1 %) few: The sentence of few.",
        "  within threshold: 999 of 1,000 (99.9 %) left_out: The sentence of left_out.",
        "  also counted: clients exact copy 900, clients not active 700.",
    ]


def test_a_check_says_itself_whether_it_changes_a_number(tmp_path):
    checks = [(*check("pseudo", "warned", 5), False), (*check("counted_and_changing", "counted", 2, "info"), True)]
    text = text_of(invented_warehouse(tmp_path / "w.duckdb", checks, extra=", changes_numbers boolean"))
    assert "  counted: 2 of 1,000 (0.2 %) counted_and_changing: The sentence" in text
    assert "  also counted: pseudo 5." in text


def test_a_part_of_a_check_is_said_only_where_it_stops_the_build(tmp_path):
    checks = [
        (*check("dates_by_file", "within_threshold", 5), "dates"),
        (*check("dates_by_shape", "failed", 7), "dates"),
    ]
    warehouse = invented_warehouse(tmp_path / "w.duckdb", checks, extra=", part_of varchar")
    text = text_of(warehouse, is_published=False)
    assert "dates_by_shape" in text and "dates_by_file" not in text


def test_a_failed_check_says_its_sentence_what_it_would_have_read_what_to_do_and_the_query(tmp_path):
    checks = [
        (
            *check("dates", "failed", 21),
            "99Mon9999 in immunizations_2.csv (21)",
            "Export them as 2018-09-20.",
            "select 1",
        )
    ]
    extra = ", detail varchar, remedy varchar, query varchar"
    text = text_of(invented_warehouse(tmp_path / "w.duckdb", checks, extra=extra), is_published=False)
    assert (
        """\
  stops the build: 21 of 1,000 (2.1 %) dates: The sentence of dates.
    99Mon9999 in immunizations_2.csv (21)
    Export them as 2018-09-20.
    Query: select 1
If the data are correct nevertheless: icw build --accept dates"""
        in text
    )
    assert "Coverage of the province" not in text


def test_spellings_are_printed_of_coded_columns_only_each_from_two_rows_or_more_and_at_most_ten(tmp_path):
    checks = [
        check("unknown_status", "failed", 40, column="client_status"),
        check("orphans", "failed", 40, column="client_id"),
    ]
    warehouse = invented_warehouse(tmp_path / "w.duckdb", checks)
    with duckdb.connect(str(warehouse)) as connection:
        for name in ("unknown_status", "orphans"):
            connection.execute(
                "insert into assessment.data_quality_findings "
                "select '2018-19', ?, null, 'Spelling' || (i // 3) from range(36) as t (i)",
                [name],
            )
            connection.execute(
                "insert into assessment.data_quality_findings values "
                "('2018-19', ?, null, 'Anna Lee'), ('2017-18', ?, null, 'Old'), ('2017-18', ?, null, 'Old')",
                [name] * 3,
            )
    text = text_of(warehouse, is_published=False)
    assert text.count("Spelling") == 10 and "Spelling0 (3)" in text
    assert "Anna Lee" not in text and "Old" not in text
    assert "where check_name = 'orphans'" in text


def test_what_was_read_otherwise_is_one_line_per_kind_and_files_that_were_not_read_are_named(tmp_path):
    warehouse = invented_warehouse(tmp_path / "w.duckdb", [])
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "create table marts.extracts_read as select * from (values "
            "('b', 'Separated by |.', 'clients', 'clients.csv', null, 20, null), "
            "('b', 'Separated by |.', 'schools', 'schools.csv', null, 3, null), "
            "('b', 'Dates with a time of day.', 'immunizations', null, 'administered_date', 15, '9999-99-99 99:99'), "
            "('a', 'Another build.', 'clients', null, null, 1, null), "
            "('b', 'The file is no extract.', null, 'notes.docx', null, 0, null)) "
            "as t (build_id, sentence, extract_name, file, column_name, row_count, detail)"
        )
    lines = text_of(warehouse).splitlines()
    assert "Not read: notes.docx." in lines
    assert "  Separated by |: clients.csv 20; schools.csv 3." in lines
    assert "  Dates with a time of day: immunizations administered_date 15 (9999-99-99 99:99)." in lines
    assert "Another build" not in "\n".join(lines)


def test_a_build_that_failed_before_its_tables_says_what_the_reader_wrote_beside_the_extracts(tmp_path):
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select null as extract_name, '~$clients.xlsx' as file, null as column_name, 'x' as kind, "
            "0 as row_count, null as detail union all select 'clients', 'clients.xlsx', null, 'title_rows', 2, null) "
            f"to '{tmp_path}/reading_notes.parquet'"
        )
        connection.execute(
            f"copy (select 'immunizations' as extract_name from range(3)) to '{tmp_path}/extract_files.parquet'"
        )
    text = text_of(invented_warehouse(tmp_path / "w.duckdb", []), prepared=tmp_path)
    assert "Read 3 files of /in, 42,000 rows: clients 2,000; immunizations 40,000 in 3 files." in text
    assert "Not read: ~$clients.xlsx." in text
    assert "  Rows above the header (a title) were skipped: clients.xlsx 2." in text


def finding(name: str, changes: bool, outcome: str = "warned") -> Finding:
    return Finding(name, outcome, 1, 10, f"About {name}.", changes)


@pytest.mark.parametrize("changing, over", [(5, False), (40, True)])
def test_only_findings_that_changed_a_number_go_beyond_thirty_lines_and_nothing_is_left_out(changing, over):
    facts = Facts(
        "2018-19", {"clients": 10}, students_by_age={7: 10}, coverage=dict.fromkeys(map(str, range(10)), 50.0)
    )
    facts.findings = [finding(f"changing_{n}", True) for n in range(changing)]
    facts.findings += [finding(f"harmless_{n}", False) for n in range(60)]
    facts.readings = [Reading(f"Kind {n}.", "clients", f"file_{n}.csv", None, 1, None) for n in range(40)]
    lines = summary(facts, "/in", True)
    # The line that says where to look, a blank one and the decisive one follow.
    assert (len(lines) + 3 > MOST_LINES) is over
    text = "\n".join(lines)
    for n in range(changing):
        assert f"changing_{n}: About changing_{n}." in text
    for n in range(60):
        assert f"harmless {n} 1" in text
    for n in range(40):
        assert f"Kind {n}: file_{n}.csv 1." in text


def test_a_database_without_tables_has_nothing_to_say(tmp_path):
    duckdb.connect(str(tmp_path / "w.duckdb")).close()
    assert summary(facts_of(tmp_path / "w.duckdb", "b"), "", False) == []


def event(event_name: str, msg: str = "", level: str = "info", **data: object) -> str:
    info = {"name": event_name, "msg": msg, "level": level, "invocation_id": "b", "ts": "2026-01-01T10:20:30Z"}
    return json.dumps({"info": info, "data": data})


def node(name: str, kind: str = "model") -> dict[str, str]:
    return {"node_name": name, "unique_id": f"{kind}.project.{name}", "resource_type": kind}


EVENTS = [
    event("MainReportVersion", "Running with dbt"),
    event("ConcurrencyLine", node_count=3),
    event("LogStartLine", "1 of 3 START", node_info=node("coverage"), total=3),
    event("LogModelResult", "1 of 3 OK", node_info=node("coverage"), status="OK"),
    event("LogStartLine", "2 of 3 START", node_info=node("data_quality_errors", "test"), total=3),
]


@pytest.mark.parametrize("verbose", [False, True])
def test_a_line_is_printed_for_each_phase_and_dbts_lines_only_where_they_are_asked_for(verbose):
    stream = io.StringIO()
    events = Events(Progress(stream), verbose)
    events.read(EVENTS)
    lines = stream.getvalue().splitlines()
    phases = ["Preparing dbt.", "Building 3 tables and checks.", "Checking what was found in the extracts."]
    assert [line for line in lines if "  " not in line] == phases
    assert (any("START" in line for line in lines)) is verbose
    assert events.run.invocation_id == "b"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_and_keeps_the_lines_of_the_phases(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    progress = Progress(stream)
    Events(progress).read(EVENTS)
    progress.end()
    assert "1/3" in stream.getvalue()
    assert "Checking what was found in the extracts." in stream.getvalue()


def test_a_failure_is_said_in_short_with_rule_checks_in_full_and_gates_left_to_the_summary():
    events = Events(Progress(io.StringIO()))
    events.read(
        [
            event("JinjaLogInfo", "Found in the extracts (1 checks):"),
            event("JinjaLogInfo", "  failed: dates"),
            event("JinjaLogInfo", "Found in the rule tables:"),
            event("JinjaLogInfo", "  seeds/annex/dose_rules.csv, line 7: DIP-2 is not in its text."),
            event("JinjaLogInfo", "Found in the tables:"),
            event("JinjaLogInfo", "  marts.coverage: age is empty (3 rows)."),
            event(
                "LogTestResult",
                node_info=node("data_quality_errors", "test"),
                name="data_quality_errors",
                status="fail",
                num_failures=1,
            ),
            event(
                "LogTestResult",
                node_info=node("adds_up_to_the_cohort", "test"),
                name="adds_up_to_the_cohort",
                status="fail",
                num_failures=2,
            ),
            event("RunResultError", node_info=node("adds_up_to_the_cohort", "test"), msg="Got 2 results"),
            event(
                "SQLCompiledPath",
                node_info=node("adds_up_to_the_cohort", "test"),
                path="target/compiled/adds_up_to_the_cohort.sql",
            ),
            event(
                "RunResultError",
                node_info=node("coverage"),
                msg=(
                    'Runtime Error in model coverage (models/coverage.sql)\n  Binder Error: Column "agee" not found\n'
                    "  LINE 3: select agee\n  compiled code at target/x.sql"
                ),
            ),
        ]
    )
    assert lines_of_failure(events.run) == [
        "In the rule tables: seeds/annex/dose_rules.csv, line 7: DIP-2 is not in its text.",
        "In the tables: marts.coverage: age is empty (3 rows).",
        "Runtime Error in model coverage (models/coverage.sql)",
        'Binder Error: Column "agee" not found',
        "The test adds_up_to_the_cohort found 2 rows; its query: target/compiled/adds_up_to_the_cohort.sql.",
    ]


def test_what_dbt_says_outside_of_its_events_explains_a_failure_that_nothing_else_does():
    events = Events(Progress(io.StringIO()))
    events.read(["Usage: dbt build [OPTIONS]\n", "\n", "Error: No such option: --nonsense\n"])
    assert lines_of_failure(events.run)[-1] == "Error: No such option: --nonsense"


@pytest.mark.parametrize(
    "message, kept",
    [
        ("Runtime Error in model x (a.sql)\n  Conversion Error: Cannot convert 'Anna Lee' to INT32", "Cannot convert"),
        ('Runtime Error in model x (a.sql)\n  Conversion Error: date out of range: "2011-13-45"', "date out"),
        ("Runtime Error in model x (a.sql)\n  Out of Range Error: Overflow of INT64 (3907765171 * 99)", "INT64"),
        (
            'Runtime Error in model x (a.sql)\n  Constraint Error: Duplicate key "client_id: 3907765171"',
            "Duplicate key",
        ),
    ],
)
def test_errors_that_quote_a_value_are_said_without_it(message, kept):
    short = error_in_short(message)
    assert kept in short and "model x (a.sql)" in short
    for value in ("Anna", "2011", "3907765171", "99"):
        assert value not in short


@pytest.mark.parametrize(
    "test, status, passed",
    [
        ("data_quality_errors", "pass", True),
        ("data_quality_errors", "fail", False),
        ("adds_up_to_the_cohort", "pass", False),
    ],
)
def test_gates_count_as_passed_only_where_their_test_has_run_and_passed(test, status, passed):
    events = Events(Progress(io.StringIO()))
    assert not events.run.passed_gates
    events.read([event("LogTestResult", node_info=node(test, "test"), name=test, status=status, num_failures=1)])
    assert events.run.passed_gates is passed
