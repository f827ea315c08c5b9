"""Shows the progress of a build: a line for each phase, and in a terminal a bar that counts dbt's events."""

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TextIO

MOST_ERRORS = 5
MOST_UNREADABLE_LINES = 12
# dbt's macros log the findings for plain dbt runs; here the summary prints them.
FINDINGS_LOGGED = ("Found in the extracts", "Nothing was found in the extracts")
PROBLEMS_LOGGED = {"Found in the rule tables:": "In the rule tables: ", "Found in the tables:": "In the tables: "}
GATES = "data_quality_errors"
# DuckDB's errors of these classes may quote a person's value.
QUOTING_ERRORS = re.compile(r"(Conversion|Invalid Input|Out of Range|Constraint|Data|Mismatch Type) Error")
NUMBER_QUOTING_ERRORS = re.compile(r"(Conversion|Out of Range|Constraint) Error")
END_OF_ERROR = re.compile(r"^(LINE \d+:|compiled code at |> in macro |> called by )")


class Progress:
    """Phases as lines, for a log as for a terminal; the steps of a phase as a bar, in a terminal only."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.bar: Any = None
        self.task: Any = None

    def phase(self, text: str) -> None:
        if self.bar is None:
            print(text, file=self.stream, flush=True)
        else:
            self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def step(self, done: int, total: int, text: str) -> None:
        if self.bar is None:
            if not self.stream.isatty():
                return
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            name = TextColumn("{task.description}", markup=False)
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), name)
            self.bar = Bar(*columns, console=Console(file=self.stream), transient=True)
            self.task = self.bar.add_task("", total=total)
            self.bar.start()
        self.bar.update(self.task, completed=done, total=total, description=text)

    def end(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


@dataclass
class FailedTest:
    name: str
    rows: int | None
    compiled: str = ""


@dataclass
class DbtRun:
    """What is kept of dbt's events: enough to explain a failure briefly."""

    invocation_id: str = ""
    status: int | None = None
    passed_gates: bool = False
    # The models that were written, as schema.table.
    written: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    failed_tests: dict[str, FailedTest] = field(default_factory=dict)
    # What tests found: rows of the rule tables, with file and line, and checks of other tables.
    problems: list[str] = field(default_factory=list)
    skipped: int = 0
    # Output that is not an event: usage errors and tracebacks.
    unreadable: list[str] = field(default_factory=list)


def error_in_short(message: str) -> str:
    """The first lines of an error, without the SQL, and without what may be a value of a row."""
    lines = []
    for line in message.replace("Encountered an error:", "").splitlines():
        if END_OF_ERROR.match(line.strip()):
            break
        if line.strip():
            lines.append(line.strip())
    text = "\n".join(lines)
    if QUOTING_ERRORS.search(text):
        head, line_end, rest = text.partition("\n")
        if not line_end:
            head, rest = "", text
        rest = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "'…'", rest)
        if NUMBER_QUOTING_ERRORS.search(rest):
            rest = re.sub(r"(?<![A-Za-z_\d])\d[\d.:-]*", "…", rest)
        text = head + line_end + rest
    return text


class Events:
    """Reads dbt's events (build/dbt_process.py), one line each."""

    def __init__(self, progress: Progress, verbose: bool = False) -> None:
        self.progress = progress
        self.verbose = verbose
        self.run = DbtRun()
        self.done = 0
        self.is_logging_findings = False
        self.found_in = ""

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.read_line(line)

    def read_line(self, line: str) -> None:
        try:
            event = json.loads(line)
            info, data = event["info"], event["data"]
        except (ValueError, KeyError, TypeError):
            if line.strip():
                if self.verbose:
                    self.progress.phase(line.rstrip())
                self.run.unreadable = [*self.run.unreadable, line.rstrip()][-MOST_UNREADABLE_LINES:]
            return
        if self.verbose and info["level"] != "debug":
            self.progress.phase(f"{info['ts'][11:19]}  {info['msg']}")
        self.run.invocation_id = info["invocation_id"]
        handle = getattr(self, f"on_{info['name']}", None)
        if handle is not None:
            handle(info, data)

    def on_MainReportVersion(self, info: dict, data: dict) -> None:
        self.progress.phase("Preparing dbt.")

    def on_ConcurrencyLine(self, info: dict, data: dict) -> None:
        self.progress.phase(f"Building {data['node_count']:,} tables and checks.")

    def on_LogStartLine(self, info: dict, data: dict) -> None:
        name = data["node_info"]["node_name"]
        if name == GATES:
            self.progress.phase("Checking what was found in the extracts.")
        if not self.verbose:
            self.progress.step(self.done, data["total"], name)

    def ended(self, info: dict, data: dict) -> None:
        self.done += 1

    on_LogSeedResult = on_LogNodeNoOpResult = ended

    def on_LogModelResult(self, info: dict, data: dict) -> None:
        self.ended(info, data)
        if relation := data.get("node_info", {}).get("node_relation"):
            self.run.written.add(f"{relation['schema']}.{relation['alias']}")

    def on_LogTestResult(self, info: dict, data: dict) -> None:
        self.done += 1
        name = data["node_info"]["node_name"]
        self.run.passed_gates = self.run.passed_gates or (name == GATES and data["status"] == "pass")
        if data["status"] == "fail":
            self.run.failed_tests[data["node_info"]["unique_id"]] = FailedTest(data["name"], data.get("num_failures"))

    def on_SQLCompiledPath(self, info: dict, data: dict) -> None:
        failed = self.run.failed_tests.get(data.get("node_info", {}).get("unique_id", ""))
        if failed is not None:
            failed.compiled = data["path"]

    def on_RunResultError(self, info: dict, data: dict) -> None:
        if data.get("node_info", {}).get("unique_id") not in self.run.failed_tests:
            self.run.errors.append(error_in_short(data.get("msg") or info["msg"]))

    def on_MainEncounteredError(self, info: dict, data: dict) -> None:
        self.run.errors.append(error_in_short(info["msg"]))

    def on_StatsLine(self, info: dict, data: dict) -> None:
        self.run.skipped = data["stats"].get("skip", 0)

    def on_JinjaLogInfo(self, info: dict, data: dict) -> None:
        text = info["msg"]
        if text.startswith(FINDINGS_LOGGED):
            self.is_logging_findings = True
        elif text in PROBLEMS_LOGGED:
            self.is_logging_findings = False
            self.found_in = PROBLEMS_LOGGED[text]
        elif not self.is_logging_findings:
            self.run.problems.append(self.found_in + text.strip())


def lines_of_failure(run: DbtRun, verbose: bool = False) -> list[str]:
    """Why dbt failed, without the checks that stop a build, which the summary prints with their sentences."""
    lines = list(run.problems)
    lines += [line for error in run.errors[:MOST_ERRORS] for line in error.splitlines()]
    if len(run.errors) > MOST_ERRORS:
        lines.append(f"and {len(run.errors) - MOST_ERRORS} more errors.")
    tests = [test for test in run.failed_tests.values() if test.name != GATES]
    for test in tests[:MOST_ERRORS]:
        rows = "rows" if test.rows is None else f"{test.rows} row{'s' if test.rows != 1 else ''}"
        lines.append(f"The test {test.name} found {rows}{f'; its query: {test.compiled}' if test.compiled else ''}.")
    if len(tests) > MOST_ERRORS:
        lines.append(f"and {len(tests) - MOST_ERRORS} more tests failed.")
    if not lines and not run.failed_tests:
        lines = run.unreadable
    return lines
