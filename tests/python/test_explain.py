"""What scripts/explain.py prints, recomputed from its own sentences by plain arithmetic on the days in them."""

import csv
import random
import re
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest
from annex_reading import plus_months
from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import explain

DAY = r"(\d{4}-\d{2}-\d{2})"
RULE = r"([A-Z0-9-]+[a-z]?(?:-[0-9a-zA-Z]+)*)"
SENTENCE = r"“(.+)”"
SHAPES = {
    "client": r"Client (\S+) in the school year (\S+)",
    "born": rf"born {DAY}, gender (.+), (\d+) years old by {DAY}, assessed on {DAY}",
    "school": r"School record",
    "record": rf"Record (\S+): school (.*), from (?:{DAY}|not recorded) to (?:{DAY}|open)",
    "dropped": r"dropped: (\w+)",
    "attended": rf"attended on {DAY}: (yes|no); school type priority (\d); (\d+) days between {DAY} and {DAY}",
    "assigned": r"assigned the student: (\w+), .+",
    "lost": r"lost: (\w+), .+",
    "antigen": r".+ \[(\w+)\]: (up to date|not up to date)",
    "immunity": r"evidence of immunity is on record",
    "exempt": r"exempt in the school year: (.+)",
    "criterion": rf"criterion {RULE} is met on schedule (\w+): {SENTENCE}",
    "number": r"valid doses asked for: (\d), counted: (\d)",
    "schedule": r"Schedule (\w+)",
    "condition": rf"(\w+): (?:{DAY}|no such dose yet) (is|should be) (not before|before) {DAY} "
    rf"\((.+) {DAY} \+ (\d+) (\w+)\)",
    "valid": rf"{DAY} (.+) \((\S+)\): valid dose (\d) by {RULE}: {SENTENCE}",
    "refused_for": rf"{DAY} (.+) \((\S+)\): refused for dose (\d), (\w+) by {RULE}: {SENTENCE}",
    "refused": rf"{DAY} (.+) \((\S+)\): refused, (\w+) by {RULE}: {SENTENCE}",
    "why": r"(another record of that day was kept|the schedule does not name|no slot is left).*",
    "earliest": rf"with the doses before it .* counted from {DAY} on, (\d+) day\(s\) later, by {RULE}: {SENTENCE}",
    "never": r"on no later day would it have counted",
    "none": r"no dose of a relevant agent is on record",
    "nearest": rf"nearest criterion {RULE} on schedule (\w+): {SENTENCE}",
    "missing": rf"missing: (\d) valid dose\(s\), the last on {DAY} at the earliest",
    "next": rf"next: dose (\d), such as (\S+), counts from {DAY} on by {RULE}: {SENTENCE}",
    "due": rf"due: given on {DAY} it counts by {RULE}: {SENTENCE}",
    "not_due": rf"not due on {DAY}: it counts from {DAY} on by {RULE}: {SENTENCE}",
}
WITH_CONDITIONS = {"valid", "refused_for", "earliest", "criterion", "nearest", "next", "due", "not_due"}


@pytest.fixture(scope="module")
def annex_texts():
    texts = {}
    for name in ("dose_rules", "up_to_date_rules", "antigen_statements"):
        with (ROOT / "seeds" / "annex" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            texts |= {row["rule_id"]: row["annex_text"] for row in csv.DictReader(file)}
    return texts


def parsed(lines):
    """Each line as the name of its shape and its parts, days as dates; a line of no shape fails."""
    for line in lines:
        for name, shape in SHAPES.items():
            found = re.fullmatch(shape, line.strip())
            if found:
                yield (
                    name,
                    [date.fromisoformat(part) if part and re.fullmatch(DAY, part) else part for part in found.groups()],
                )
                break
        else:
            pytest.fail(f"no shape for: {line}")


def later(day, number, unit):
    if unit.startswith("day"):
        return day + timedelta(days=int(number))
    return plus_months(day, int(number) * (12 if unit.startswith("year") else 1))


def blocks_of(found):
    """Lines that have conditions, each with its conditions; the others alone."""
    blocks = []
    for name, parts in found:
        if name in ("condition", "number") and blocks and blocks[-1][0] in WITH_CONDITIONS:
            blocks[-1][2].append((name, parts))
        else:
            blocks.append((name, parts, []))
    return blocks


def check_condition(parts):
    """Whether the condition holds, by the days that it names."""
    _, subject, says, comparison, bound, _, base, number, unit = parts
    assert bound == later(base, number, unit), parts
    holds = subject is not None and (subject >= bound if comparison == "not before" else subject < bound)
    assert (says == "is") == holds, parts
    return holds


def latest_bound(conditions, day):
    return max(p[4] for name, p in conditions if name == "condition" and p[1] == day and p[3] == "not before")


def check_school(blocks):
    records, current = [], None
    first_day = last_day = None
    for name, parts, _ in blocks:
        if name == "record":
            current = {"id": parts[0], "from": parts[2], "to": parts[3]}
            records.append(current)
        elif name == "attended":
            day, says, priority, days, first_day, last_day = parts
            starts, ends = current["from"] or date.min, current["to"] or date.max
            assert (says == "yes") == (starts <= day <= ends)
            attended_days = 0 if starts > ends else max(0, (min(ends, last_day) - max(starts, first_day)).days + 1)
            assert int(days) == attended_days
            current |= {"attended": says == "yes", "priority": int(priority), "days": attended_days}
        elif name in ("assigned", "lost"):
            current |= {name: parts[0]}
    usable = [record for record in records if "attended" in record]
    left = usable
    steps = {}
    for step, best in (
        ("attended_june_30", lambda r: r["attended"]),
        ("age_appropriate_school", lambda r: -r["priority"]),
        ("longest_attendance", lambda r: r["days"]),
        ("tie_break", lambda r: r["from"] or date.min),
    ):
        passed = [r for r in left if best(r) == max(map(best, left))]
        steps |= {r["id"]: step for r in left if r not in passed}
        if step == "tie_break":
            passed = sorted(passed, key=lambda r: r["id"])
            steps |= {r["id"]: step for r in passed[1:]}
        left = passed
    winner = left[0]
    assert [r["id"] for r in usable if "assigned" in r] == [winner["id"]]
    assert {r["id"]: r["lost"] for r in usable if "lost" in r} == steps
    last_step = max(steps.values(), key=list(explain.LOST).index) if steps else "single_record"
    assert winner["assigned"] == last_step


def check_antigen(blocks, assessed_on):
    """The blocks between an antigen's line and the next one's."""
    status = blocks[0][1][1]
    valid_by_schedule, schedule, met_by = Counter(), None, []
    plan = {}
    for name, parts, conditions in blocks:
        holds = [check_condition(p) for n, p in conditions if n == "condition"]
        number = next((tuple(map(int, p)) for n, p in conditions if n == "number"), None)
        if name == "schedule":
            schedule, last, given = parts[0], date.min, None
        elif name == "valid":
            given = parts[0]
            assert all(holds) and given > last
            valid_by_schedule[schedule] += 1
            assert int(parts[3]) == valid_by_schedule[schedule]
            last = given
        elif name == "refused_for":
            given = parts[0]
            assert not all(holds) and int(parts[3]) == valid_by_schedule[schedule] + 1
        elif name == "earliest":
            day = parts[0]
            assert all(holds) and latest_bound(conditions, day) == day and (day - given).days == int(parts[1]) > 0
        elif name == "criterion":
            assert all(holds) and number[1] >= number[0]
            met_by.append((parts[1], number[1]))
        elif name == "nearest":
            plan = {"asked": number[0], "counted": number[1], "schedule": parts[1], "open": not all(holds)}
            assert number[1] < number[0]
        elif name == "missing":
            assert int(parts[0]) == plan["asked"] - plan["counted"]
            plan["last"] = parts[1]
        elif name == "next":
            assert all(holds) and latest_bound(conditions, parts[2]) == parts[2]
            assert int(parts[0]) == plan["counted"] + 1
            plan["from"] = parts[2]
        elif name == "due":
            assert parts[0] == assessed_on and plan["from"] <= parts[0] <= plan["last"]
        elif name == "not_due":
            assert all(holds) and assessed_on == parts[0] < parts[1] == latest_bound(conditions, parts[1])
            assert plan["from"] <= parts[1] <= plan["last"]
    immune = any(name == "immunity" for name, _, _ in blocks)
    assert (status == "up to date") == bool(met_by or immune)
    assert all(valid_by_schedule[name] == counted for name, counted in met_by)
    if plan:
        assert status == "not up to date" and valid_by_schedule[plan["schedule"]] == plan["counted"]
    else:
        assert status == "up to date"


def test_what_is_printed_of_a_thousand_students_follows_from_its_own_sentences(demonstration, annex_texts):
    with explain.open_warehouse(demonstration.warehouse) as connection:
        clients = [
            row[0] for row in connection.execute("select client_id from assessment.students order by 1").fetchall()
        ]
        found = explain.explanations(connection, random.Random(3).sample(clients, 1000))
        antigens = dict(
            connection.execute("select client_id, count(*) from assessment.student_antigens group by 1").fetchall()
        )
    assert len(found) == 1000
    seen, reasons = Counter(), Counter()
    for client_id, lines in found.items():
        blocks = blocks_of(parsed(lines))
        seen.update(name for name, _, _ in blocks)
        starts = [place for place, (name, _, _) in enumerate(blocks) if name == "antigen"]
        assert blocks[0][1][0] == client_id and len(starts) == antigens[client_id]
        check_school(blocks[: starts[0]])
        for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
            check_antigen(blocks[start:end], assessed_on=blocks[1][1][4])
        for name, parts, _ in blocks:
            if name in WITH_CONDITIONS - {"condition"} or name == "refused":
                assert annex_texts[parts[-2] if name not in ("criterion", "nearest") else parts[0]] == parts[-1]
            if name in ("refused", "refused_for"):
                reasons[parts[-3]] += 1
    assert set(SHAPES) - set(seen) <= {"condition", "number"}
    assert set(reasons) >= {
        "same_day_duplicate",
        "agent_not_in_schedule",
        "extra_dose",
        "before_birth",
        "too_young",
        "too_old",
        "live_vaccine_interaction",
        "interval_too_short",
    }


def test_a_warehouse_under_another_name_is_explained_and_an_unknown_client_is_said(demonstration, tmp_path):
    copy = tmp_path / "a copy.duckdb"
    copy.write_bytes(demonstration.warehouse.read_bytes())
    client = demonstration.rows("select min(client_id) from assessment.students")[0][0]

    def run(*clients):
        return subprocess.run(
            [sys.executable, ROOT / "scripts" / "explain.py", *clients],
            capture_output=True,
            text=True,
            check=False,
            env={"WAREHOUSE_PATH": str(copy), "PATH": "/usr/bin:/bin"},
        )

    told = run(client)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"Client {client} in the school year 2018-19\n")
    unknown = run("9999999990")
    assert (
        unknown.returncode == 1
        and "no students of this warehouse" in unknown.stderr
        and "9999999990" not in unknown.stderr
    )
