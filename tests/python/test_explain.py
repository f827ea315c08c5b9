"""What `icw explain` prints, recomputed from its own sentences: by plain arithmetic on the days in them, and by
the independent reading of the annex put to the records that are printed."""

import csv
import os
import random
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from datetime import date, timedelta

import annex_reading
import duckdb
import pytest
from annex_reading import Dose, EducationRecord, School, SchoolYear, comparable, plus_months, plus_years
from conftest import ICW, ROOT, long

from immunization_coverage.explain.student import explanations, why_no_students
from immunization_coverage.warehouse import open_warehouse

DAY = r"(\d{4}-\d{2}-\d{2})"
RULE = r"([A-Z0-9-]+[a-z]?(?:-[0-9a-zA-Z]+)*)"
SENTENCE = r"“(.+)”"
DOSE = rf"{DAY} (.+?)(?:, trade name (.+))? \((\S+)\)"
SHAPES = {
    "client": r"Client (\S+) in the school year (\S+)",
    "born": rf"born {DAY}, gender (.+), (\d+) years old by {DAY}, assessed on {DAY}",
    "up_to_date_for": r"Up to date for: (.+)\.",
    "overdue_for": rf"Overdue under ISPA (?:on {DAY} for: (.+)|: no disease is assessed)\.",
    "next_visit": r"((?:Next visit on|No vaccine is offered against|No visit is needed).*)\.",
    "school": r"School record",
    "record": rf"Record (\S+): school (\S+) \((.+), ([^,()]+)\), (.+), from (?:{DAY}|not recorded) to (?:{DAY}|open)",
    "dropped": r"dropped: (\w+), .+",
    "attended": rf"attended on {DAY}: (yes|no); school type priority (\d); (\d+) days between {DAY} and {DAY}",
    "assigned": r"assigned the student: (\w+), .+",
    "lost": r"lost: (\w+), .+",
    "records_of_exemption": r"Exemptions and records of immunity",
    "exemption_record": rf"Exemption record (\S+): (.+), (.+), from (?:{DAY}|not recorded) to (?:{DAY}|open)",
    "unknown_effect": r"has no effect: its (antigen|reason) is unknown",
    "effect": r"(\w+): ((?:makes|is counted|exempts|excludes|has no effect).+)",
    "antigen": r".+ \[(\w+)\]: (up to date|not up to date)",
    "ispa": rf"ISPA, .+: (up to date|exempt|immune|overdue|not yet due) on {DAY}",
    "exemption": rf"exemption record \S+: (\w+), from (?:{DAY}|not recorded) to (?:{DAY}|open)",
    "immunity": r"evidence of immunity is on record",
    "exempt": r"exempt in the school year: (.+)",
    "criterion": rf"criterion {RULE} is met on schedule (\w+): {SENTENCE}",
    "number": r"valid doses required: (\d), counted: (\d)",
    "schedule": r"Schedule (\w+)",
    "condition": rf"(?:(?:The [\w ,]+?) {DAY}|No such dose is on record; it) (is|should be) (on or after|before) "
    rf"{DAY}, (\d+) (\w+) after the (.+) \({DAY}\) \[(\w+)\]",
    "valid": rf"{DOSE}: valid dose (\d) by {RULE}: {SENTENCE}",
    "refused_for": rf"{DOSE}: refused for dose (\d), (\w+) by {RULE}: {SENTENCE}",
    "refused": rf"{DOSE}: refused, (\w+) by {RULE}: {SENTENCE}",
    "why": r"(another record of that day was kept|the schedule does not name|no slot is left).*",
    "earliest": rf"with the same earlier doses, .* counted from {DAY} on, (\d+) day\(s\) later, by {RULE}: {SENTENCE}",
    "never": r"it would not have counted on any later day",
    "none": r"no dose of a relevant agent is on record",
    "nearest": rf"nearest criterion {RULE} on schedule (\w+): {SENTENCE}",
    "missing": rf"missing: (\d) valid dose\(s\), the last on {DAY} at the earliest(, after school age)?",
    "no_product": r"no product is offered: not at this age, or each contains an antigen under a medical exemption",
    "lost_dose": rf"given on {DAY}, the live dose of {DAY} would no longer count",
    "given_later": rf"to be given on {DAY}, clear of live doses before and after, at an age of offer",
    "next": rf"next: dose (\d), such as (.+?), counts from {DAY} on by {RULE}: {SENTENCE}",
    "due": rf"due: given on {DAY} it counts by {RULE}: {SENTENCE}",
    "not_due": rf"not due on {DAY}: it counts from {DAY} on by {RULE}: {SENTENCE}",
    "other": rf"other criterion {RULE} on schedule (\w+): {SENTENCE}",
    "takes": rf"it takes (\d) valid dose\(s\), the last on {DAY} at the earliest",
    "cannot": r"the schedule cannot be completed any more(?:, by the rule for the products given so far)?",
    "others": r"Records that count for no antigen",
    "other_record": rf"(?:{DAY}|undated) (.+) \((\S+)\): (.+)",
}
COMPILED = {name: re.compile(shape) for name, shape in SHAPES.items()}
CRITERIA = {"criterion", "nearest", "other"}
BY_DOSE_RULE = {"valid", "refused_for", "earliest", "next", "due", "not_due"}
WITH_CONDITIONS = CRITERIA | BY_DOSE_RULE
# The columns of a rule, by the conditions that print them.
ASKED = {
    "first_dose_age_from": "first_dose_age_from",
    "first_dose_age_before": "first_dose_age_before",
    "reference_dose_age_from": "reference_dose_age_from",
    "reference_dose_age_before": "reference_dose_age_before",
    "age_from": "age_from",
    "age_before": "age_before",
    "window": "window_opens_birth_years",
    "interval_from": "interval_from",
    "first_dose_interval_from": "first_dose_interval_from",
    "live_interval_from": "live_interval_from",
    "polysaccharide_interval_from": "polysaccharide_interval_from",
    "recent_dose_before": "recent_dose_before",
}
# Which condition fails where a dose is refused for a reason.
FAILS = {
    "before_birth": {"not_before_birth"},
    "too_young": {"age_from"},
    "too_old": {"age_before"},
    "outside_window": {"window"},
    "live_vaccine_interaction": {"live_interval_from"},
    "polysaccharide_interaction": {"polysaccharide_interval_from"},
    "interval_too_short": {"interval_from", "first_dose_interval_from"},
}
POLYSACCHARIDES = {
    "mcc": annex_reading.MENINGOCOCCAL_POLYSACCHARIDES_WITH_C,
    "mcv4": annex_reading.MENINGOCOCCAL_POLYSACCHARIDES,
    "pneumococcal": annex_reading.PNEUMOCOCCAL_POLYSACCHARIDES,
}


def seed(name):
    with (ROOT / "seeds" / "annex" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def rules():
    tables = ("dose_rules", "up_to_date_rules", "antigen_statements")
    return {row["rule_id"]: row for name in tables for row in seed(name)}


def parsed(lines):
    """Each line as the name of its shape and its parts, days as dates; a line of no shape fails."""
    for line in lines:
        text = line.strip()
        for name, shape in COMPILED.items():
            found = shape.fullmatch(text)
            if found:
                parts = [date.fromisoformat(p) if p and re.fullmatch(DAY, p) else p for p in found.groups()]
                if name == "condition":
                    subject, says, comparison, bound, number, unit, base_name, base, condition = parts
                    parts = [condition, subject, says, comparison, bound, base_name, base, number, unit]
                yield name, parts
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
    holds = subject is not None and (subject >= bound if comparison == "on or after" else subject < bound)
    assert (says == "is") == holds, parts
    return holds


def latest_bound(conditions, day):
    return max(p[4] for name, p in conditions if name == "condition" and p[1] == day and p[3] == "on or after")


def rule_of(name, parts):
    """The rule that a line names."""
    return parts[0] if name in CRITERIA else parts[-2]


def check_school(blocks, age):
    """The records dropped, the steps and the winner, by the independent reading of what is printed of each record."""
    records, said = {}, {}
    year = None
    for name, parts, _ in blocks:
        if name == "record":
            record_id, school_id, school, school_type, phu, starts, ends = parts
            known = None
            if (school, school_type) != ("unknown", "no type"):
                no_phu = phu == "no public health unit of the year"
                known = School(school, comparable(school_type), None if no_phu else phu)
            current = EducationRecord(record_id, "" if school_id == "none" else school_id, starts, ends, known)
            records[record_id] = current
        elif name == "attended":
            day, says, priority, days, first_day, last_day = parts
            year = SchoolYear(first_day.year)
            assert (day, last_day) == (year.june_30, year.assessment_date)
            assert (says == "yes") == annex_reading.attended_on(current, day)
            assert int(days) == annex_reading.days_attended(current, year)
            assert int(priority) == annex_reading.school_type_priority(age, current.school.type)
        elif name in ("assigned", "lost", "dropped"):
            said[current.education_record_id] = (name, parts[0])
    usable = []
    for record_id, record in records.items():
        reason = annex_reading.reason_to_drop(record, age, year, "overlap")
        assert (said[record_id] == ("dropped", reason)) if reason else (said[record_id][0] != "dropped"), record
        usable += [] if reason else [record]
    winner, step = annex_reading.choose_record(usable, age, year)
    assert said[winner.education_record_id] == ("assigned", step)
    left, lost = usable, {}
    for step, best in (
        ("attended_june_30", lambda r: annex_reading.attended_on(r, year.june_30)),
        ("age_appropriate_school", lambda r: -annex_reading.school_type_priority(age, r.school.type)),
        ("longest_attendance", lambda r: annex_reading.days_attended(r, year)),
        ("tie_break", lambda r: r.effective_from or date.min),
    ):
        passed = [r for r in left if best(r) == max(map(best, left))]
        lost |= {r.education_record_id: ("lost", step) for r in left if r not in passed}
        left = passed
    lost |= {r.education_record_id: ("lost", "tie_break") for r in left if r is not winner}
    assert {record_id: told for record_id, told in said.items() if told[0] == "lost"} == lost


class Antigen:
    """The lines from an antigen's own to the next one's, with what is printed of the student and of all records."""

    def __init__(self, blocks, born, gender, assessed_on, records, exemptions):
        self.name, self.status = blocks[0][1]
        self.exemptions = exemptions
        self.blocks, self.born, self.gender, self.assessed_on = blocks, born, gender, assessed_on
        self.doses = [
            Dose(record_id, given, name, trade_name)
            for record_id, (given, agent, trade_name) in records.items()
            if given is not None and given <= assessed_on
            for name in annex_reading.agents_named(agent)
        ]
        self.history = annex_reading.History(born, self.doses, assessed_on.year - 1, gender)
        self.valid = defaultdict(list)
        schedule = None
        for name, parts, _ in blocks:
            if name == "schedule":
                schedule = parts[0]
                self.valid[schedule] = []
            elif name == "valid":
                self.valid[schedule].append(parts[0])

    def verdicts(self):
        """Slot or reason of each record, as printed."""
        schedule = None
        for name, parts, _ in self.blocks:
            if name == "schedule":
                schedule = parts[0]
            elif name == "valid":
                yield (schedule, parts[3]), (int(parts[4]), None)
            elif name in ("refused", "refused_for"):
                yield (schedule, parts[3]), (None, parts[-3])

    def check_verdicts(self):
        found = annex_reading.assess_antigen(self.name, self.history)
        expected = {(v.schedule, v.dose.immunization_id): (v.dose_number, v.reason) for v in found.verdicts}
        assert dict(self.verdicts()) == expected
        met = any(name == "criterion" for name, _, _ in self.blocks)
        assert met == found.is_up_to_date_by_doses

    def preceding(self, given, agents, years=None):
        """The last day before this one with a dose of these agents, at this age or later if one is named."""
        days = [d.given for d in self.doses if d.agent in agents and d.given < given]
        return max((day for day in days if years is None or day >= plus_years(self.born, years)), default=None)

    def bases(self, schedule, given, looked_at):
        """What conditions count from, by the name that is printed: the doses before the day on which one was given,
        whatever day is thought of for it; for a next dose, those before the day that is thought of."""
        valid = [day for day in self.valid[schedule] if day < given]
        agents = annex_reading.RELEVANT[self.name]
        if self.name == "hpv" and self.gender == "M":
            agents = agents - {annex_reading.HPV_2}
        return valid, {
            "date of birth": self.born,
            "1 September of the birth year": date(self.born.year, 9, 1),
            "valid dose before": valid[-1] if valid else None,
            "first valid dose": valid[0] if valid else None,
            "last live-virus dose before": self.preceding(min(given, looked_at), annex_reading.LIVE_VACCINES),
            "last polysaccharide dose before": self.preceding(
                min(given, looked_at), POLYSACCHARIDES.get(self.name, ()), years=2
            ),
            "last recorded dose of the antigen": self.preceding(given, agents),
        }

    def check_asked(self, rule, schedule, given, looked_at, conditions):
        """Every condition of the rule is printed, with its period, and compares the days that it should."""
        valid, bases = self.bases(schedule, given, looked_at)
        printed = {p[0]: p for name, p in conditions if name == "condition"}
        slots = dict(enumerate(valid, start=1))
        bases["valid dose that has to be recent"] = slots.get(int(rule.get("recent_dose_number") or 0))
        for name, column in ASKED.items():
            if not rule.get(column):
                continue
            unpreceded = (
                (name == "live_interval_from" and bases["last live-virus dose before"] is None)
                or (name == "polysaccharide_interval_from" and bases["last polysaccharide dose before"] is None)
                or (name == "recent_dose_before" and bases["valid dose that has to be recent"] is None)
            )
            assert (name in printed) != unpreceded, (name, rule["rule_id"])
        subjects = {"first": slots.get(1), "reference": slots.get(int(rule.get("reference_dose_number") or 0))}
        for name, (_, subject, _, _, _, base_name, base, number, unit) in printed.items():
            assert base == bases[base_name], (name, rule["rule_id"])
            kind = name.split("_dose_age_")[0]
            assert subject == (subjects[kind] if "_dose_age_" in name else looked_at), name
            if name in ASKED:
                period = f"{rule[ASKED[name]]} years" if name == "window" else rule[ASKED[name]]
                assert f"{number} {unit}" == period, (name, rule["rule_id"])

    def counts(self, schedule, given, record_id, day):
        """Whether the dose would fill its slot on another day, the doses before it as they are."""
        kept, _ = annex_reading.one_per_day(self.name, annex_reading.relevant_doses(self.name, self.history))
        definition, only_agents = next(
            rest for name, *rest in annex_reading.schedules_of(self.name, self.history, kept) if name == schedule
        )
        dose = next(d for d in kept if d.immunization_id == record_id)
        moved = Dose(record_id, day, dose.agent, dose.trade_name)
        before = [d for d in self.doses if d.given < given]
        valid = [d for d in kept if d.given in self.valid[schedule] and d.given < given]
        history = annex_reading.history_of_any_day(self.born, self.gender, [*before, moved], self.assessed_on.year - 1)
        return annex_reading.judge(history, schedule, definition, only_agents, valid, moved).is_valid

    def can_be_completed(self, schedule):
        """Whether more doses of one agent, a year or more apart, meet a criterion of the schedule."""
        # Another product would take a student from Engerix-B's rule to the other.
        kept, _ = annex_reading.one_per_day(self.name, annex_reading.relevant_doses(self.name, self.history))
        agents, trade_name = annex_reading.RELEVANT[self.name], ""
        if self.name == "hepatitis_b" and annex_reading.follows_engerix_rule(self.history, kept):
            agents, trade_name = annex_reading.PLAIN_HB, "Engerix-B"
        more = [self.assessed_on + timedelta(days=400 * n) for n in range(6)]
        for agent in sorted(agents):
            for days in (more[: n + 1] for n in range(len(more))):
                given = [Dose(f"~{day}", day, agent, trade_name) for day in days]
                history = annex_reading.history_of_any_day(
                    self.born, self.gender, [*self.doses, *given], self.assessed_on.year - 1
                )
                if schedule in {met for met, _ in annex_reading.assess_antigen(self.name, history).satisfied}:
                    return True
        return False

    def check_refused(self, schedule, given, record_id, reason, failing, counted_from, rng):
        """The reason is what fails, and the first day on which the dose would have counted is the first."""
        assert failing & FAILS[reason], (reason, failing)
        last = counted_from or plus_years(self.assessed_on, 10)
        assert counted_from is None or self.counts(schedule, given, record_id, counted_from)
        tried = {last - timedelta(days=1)}
        tried |= {given + timedelta(days=rng.randint(0, (last - given).days - 1)) for _ in range(2)}
        assert not [day for day in tried if day >= given and self.counts(schedule, given, record_id, day)]

    def check(self, rules, rng):
        plan, schedule, given = {}, None, None
        end = date.max
        for place, (name, parts, conditions) in enumerate(self.blocks):
            holds = [check_condition(p) for n, p in conditions if n == "condition"]
            number = next((tuple(map(int, p)) for n, p in conditions if n == "number"), None)
            if name in WITH_CONDITIONS or name == "refused":
                rule = rules[rule_of(name, parts)]
                assert rule["annex_text"] == parts[-1]
            if name == "schedule":
                schedule = parts[0]
            elif name in ("valid", "refused_for"):
                given = parts[0]
                self.check_asked(rule, schedule, given, given, conditions)
                assert all(holds) == (name == "valid")
                assert int(parts[4]) == 1 + sum(day < given for day in self.valid[schedule])
                if name == "refused_for":
                    failing = {p[0] for (_, p), met in zip(conditions, holds, strict=True) if not met}
                    follows = self.blocks[place + 1]
                    assert follows[0] in ("earliest", "never")
                    day = follows[1][0] if follows[0] == "earliest" else None
                    self.check_refused(schedule, given, parts[3], parts[5], failing, day, rng)
            elif name == "earliest":
                day = parts[0]
                self.check_asked(rule, schedule, given, day, conditions)
                assert all(holds) and latest_bound(conditions, day) == day and (day - given).days == int(parts[1]) > 0
            elif name in CRITERIA:
                assert number[1] == len(self.valid[parts[1]]) and number[0] == int(rule["valid_doses"])
                self.check_asked(rule, parts[1], end, self.assessed_on, conditions)
                if name == "criterion":
                    assert all(holds) and number[1] >= number[0]
                elif name == "nearest":
                    plan = {"asked": number[0], "counted": number[1], "schedule": parts[1]}
                    assert number[1] < number[0]
                else:
                    other, more = parts[1], number[0] - number[1]
                    # It is met with the doses on record, or asks for more, or its conditions stand in the way.
                    assert number[0] > number[1] or not all(holds)
            elif name == "takes":
                assert int(parts[0]) == more and (more, parts[1]) >= (plan["needed"], plan["last"])
            elif name == "cannot":
                assert not self.can_be_completed(other)
            elif name == "missing":
                plan["needed"] = int(parts[0])
                assert plan["needed"] == plan["asked"] - plan["counted"]
                plan["last"] = parts[1]
            elif name == "next":
                assert all(holds) and latest_bound(conditions, parts[2]) == parts[2]
                assert int(parts[0]) == plan["counted"] + 1
                self.check_asked(rule, plan["schedule"], end, parts[2], conditions)
                plan["from"], plan["by"] = parts[2], parts[3]
            elif name in ("due", "not_due"):
                day = parts[0] if name == "due" else parts[1]
                assert parts[0] == self.assessed_on and plan["from"] <= day <= plan["last"]
                assert (day == self.assessed_on) == (name == "due")
                if (day, parts[-2]) != (plan["from"], plan["by"]):
                    assert all(holds)
                    self.check_asked(rule, plan["schedule"], end, day, conditions)
                    assert name == "due" or latest_bound(conditions, day) == day
        self.check_status(plan)

    def immune_on(self, day):
        """A record of immunity by any label of the antigen, from the day or before."""
        labels = annex_reading.EXEMPTION_LABELS.get(self.name, set()) | annex_reading.IMMUNITY_LABELS.get(
            self.name, set()
        )
        return any(
            comparable(antigen) in labels
            and comparable(reason) in annex_reading.IMMUNITY_REASONS
            and starts
            and starts <= day
            for _, antigen, reason, starts, _ in self.exemptions
        )

    def check_status(self, plan):
        of = defaultdict(list)
        for name, parts, _ in self.blocks:
            of[name].append(parts)
        year = SchoolYear(self.assessed_on.year - 1)
        immune = any(
            kind == "evidence_of_immunity" and starts and starts <= self.assessed_on
            for kind, starts, _ in of["exemption"]
        )
        assert bool(of["immunity"]) == immune
        assert (self.status == "up to date") == bool(of["criterion"] or immune) == (not plan)
        if self.name in annex_reading.EXEMPTION_ANTIGENS_BY_AGE.get(self.history.age, ()):
            effective = {
                kind
                for kind, starts, ends in of["exemption"]
                if (not starts or starts <= year.assessment_date) and (not ends or ends >= year.starts)
            }
            told = set(of["exempt"][0][0].split(", ")) if of["exempt"] else set()
            assert told == effective & {"medical", "nonmedical"}
        for status, day in of["ispa"]:
            in_force = any(
                kind != "evidence_of_immunity" and (not starts or starts <= day) and (not ends or ends >= day)
                for kind, starts, ends in of["exemption"]
            )
            if self.status == "up to date":
                assert status == "up to date"
            elif in_force:
                assert status == "exempt"
            elif status == "immune":
                assert self.immune_on(day)
            else:
                assert not self.immune_on(day)
                assert status == ("overdue" if plan["from"] <= day else "not yet due")


def check_summary(blocks):
    """The three lines at the top say what the lines of the antigens do, and explain every disease that is overdue."""
    of = defaultdict(list)
    for name, parts, _ in blocks:
        of[name].append(parts)
    ((up_to_date,),), ((day, overdue),), ((visit,),) = of["up_to_date_for"], of["overdue_for"], of["next_visit"]
    assert [name for name, _, _ in blocks[2:5]] == ["up_to_date_for", "overdue_for", "next_visit"]
    # Names of antigens have commas of their own.
    names = {row["antigen"]: row["antigen_name"].lower() for row in seed("antigens")}
    for antigen, status in of["antigen"]:
        assert (names[antigen] in up_to_date.lower()) == (status == "up to date"), (antigen, up_to_date)
    statuses = Counter(status for status, _ in of["ispa"])
    listed = Counter()
    for part in (overdue or "").split("; ") if overdue != "nothing" else ():
        if part == "nothing":
            continue
        diseases, why = part.rstrip(")").split(" (", 1) if part.endswith(")") else reversed(part.split(": ", 1))
        number = len(re.split(", | and ", diseases))
        if why in ("exempt", "immune", "not yet due"):
            listed[why] += number
        else:
            since = re.search(rf"(\d) doses? missing since {DAY}", why)
            assert date.fromisoformat(since[2]) <= day
            listed["overdue"] += number
    assert listed == {status: n for status, n in statuses.items() if status != "up to date"}, overdue
    assert visit.startswith("Next visit on ") or not statuses["overdue"] or "No vaccine is offered" in visit


def check_other_record(given, agent, why, student, known_agents):
    """Why a record counts for no antigen."""
    age, gender, assessed_on = student
    names = {comparable(name) for name in annex_reading.agents_named(agent)}
    if given is None:
        assert why == "it has no date that can be read"
    elif given > assessed_on:
        assert why == f"it is after {assessed_on}"
    elif not names <= known_agents:
        assert why == "its agent is unknown"
    else:
        assert why == "none of its antigens is assessed for this student"
        assert not [
            antigen
            for antigen in annex_reading.antigens_at(age)
            if annex_reading.is_assessed(antigen, age, gender)
            and names & (annex_reading.RELEVANT[antigen] - ({annex_reading.HPV_2} if gender == "M" else set()))
        ]


@long
def test_what_is_printed_of_a_thousand_students_follows_from_its_own_sentences(demonstration, rules):
    rng = random.Random(3)
    with open_warehouse(demonstration.warehouse) as connection:
        clients = [
            row[0] for row in connection.execute("select client_id from assessment.students order by 1").fetchall()
        ]
        found = explanations(connection, rng.sample(clients, 1000))
        on_record = defaultdict(set)
        for client_id, record_id in connection.execute(
            "select client_id, immunization_id from staging.stg_panorama__immunizations"
        ).fetchall():
            on_record[client_id].add(record_id)
        exempted = defaultdict(set)
        for client_id, record_id in connection.execute(
            "select client_id, exemption_id from staging.stg_panorama__exemptions"
        ).fetchall():
            exempted[client_id].add(record_id)
    assert len(found) == 1000
    known_agents = {comparable(row["agent"]) for row in seed("agents")}
    seen, reasons, antigens = Counter(), Counter(), Counter()
    for client_id, lines in found.items():
        blocks = blocks_of(parsed(lines))
        seen.update(name for name, _, _ in blocks)
        born, gender, age, _, assessed_on = blocks[1][1]
        starts = [place for place, (name, _, _) in enumerate(blocks) if name == "antigen"]
        assert blocks[0][1][0] == client_id
        assert {blocks[place][1][0] for place in starts} == {
            antigen
            for antigen in annex_reading.antigens_at(int(age))
            if annex_reading.is_assessed(antigen, int(age), gender)
        }
        check_school(blocks[: starts[0]], int(age))
        exemptions = [parts for name, parts, _ in blocks if name == "exemption_record"]
        assert {parts[0] for parts in exemptions} == exempted[client_id]
        check_summary(blocks)
        records, others = {}, {}
        for name, parts, _ in blocks:
            if name in ("valid", "refused", "refused_for"):
                earlier = records.get(parts[3], (parts[0], parts[1], ""))
                assert earlier[:2] == (parts[0], parts[1])
                trade_name = "" if parts[2] in (None, "missing") else parts[2]
                records[parts[3]] = (parts[0], parts[1], trade_name or earlier[2])
                reasons[parts[-3]] += name != "valid"
            elif name == "other_record":
                others[parts[2]] = (parts[0], parts[1], "")
                check_other_record(*parts[:2], parts[3], (int(age), gender, assessed_on), known_agents)
        # No record goes unsaid.
        assert set(records) | set(others) == on_record[client_id] and not set(records) & set(others)
        records |= others
        ends = [*starts[1:], next((i for i, block in enumerate(blocks) if block[0] == "others"), len(blocks))]
        for start, end in zip(starts, ends, strict=True):
            antigen = Antigen(blocks[start:end], born, gender, assessed_on, records, exemptions)
            antigen.check_verdicts()
            antigen.check(rules, rng)
            antigens[antigen.name] += 1
    assert set(SHAPES) - set(seen) <= {"condition", "number", "lost_dose", "given_later"}
    assert set(antigens) == set(annex_reading.RELEVANT)
    assert set(reasons) - {""} >= {
        "same_day_duplicate",
        "agent_not_in_schedule",
        "extra_dose",
        "before_birth",
        "too_young",
        "too_old",
        "live_vaccine_interaction",
        "interval_too_short",
    }


def run_explain(warehouse, *clients):
    return subprocess.run(
        [ICW, "explain", *clients],
        capture_output=True,
        text=True,
        check=False,
        env={"WAREHOUSE_PATH": str(warehouse), "PATH": "/usr/bin:/bin"},
    )


def test_a_warehouse_under_another_name_is_explained_and_an_unknown_client_is_said(demonstration, tmp_path):
    copy = tmp_path / "a copy.duckdb"
    copy.write_bytes(demonstration.warehouse.read_bytes())
    client = demonstration.rows("select min(client_id) from assessment.students")[0][0]

    told = run_explain(copy, client)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"Client {client} in the school year 2018-19\n")
    unknown = run_explain(copy, "9999999990")
    assert unknown.returncode == 1 and "9999999990" not in unknown.stderr
    assert unknown.stderr == "The client is not a student of this warehouse.\n"
    several = run_explain(copy, "9999999990", client, "9999999991")
    assert several.returncode == 1 and several.stdout.count("in the school year 2018-19\n") == 1
    assert several.stderr == "2 of the 3 clients are not students of this warehouse.\n"


@long
def test_who_is_not_assessed_is_told_why(demonstration):
    """The client's own record, each record of a school with what became of it, and what the checks found."""
    one_of = {
        "clients_not_active": "The client is not Active and is not assessed.",
        "clients_age_not_assessed": "Active but not 7 to 17 years old in the school year, and is not assessed.",
        "clients_date_of_birth_missing": "The client belongs to no age cohort and is not assessed.",
        "clients_date_of_birth_not_a_date": "It is treated as missing, and the client is not assessed.",
        "clients_without_usable_education_record": "has no usable education record, and is not assessed.",
    }
    dropped = set()
    for check, reason in one_of.items():
        clients = [
            row[0]
            for row in demonstration.rows(
                "select distinct row_id from assessment.data_quality_findings anti join assessment.students "
                f"on row_id = client_id where check_name = '{check}' order by 1"
            )
        ]
        told = run_explain(demonstration.warehouse, clients[0])
        assert told.returncode == 1 and told.stderr == "The client is not a student of this warehouse.\n"
        with open_warehouse(demonstration.warehouse) as connection:
            found = why_no_students(connection, clients)
        assert told.stdout.splitlines() == found[clients[0]]
        for client_id in clients:
            lines = [line.strip() for line in found[client_id]]
            assert lines[0] == f"Client {client_id} is not a student of the school year 2018-19"
            ((born, status),) = demonstration.rows(
                "select coalesce(cast(date_of_birth as varchar), 'not recorded'), "
                    "coalesce(client_status, 'not recorded') "
                f"from staging.stg_panorama__clients where client_id = '{client_id}'"
            )
            assert lines[1].startswith(f"born {born}, ") and lines[1].endswith(f", client status {status}")
            assert any(line.startswith(f"{check}: ") and line.endswith(reason) for line in lines)
            records = demonstration.rows(
                "select education_record_id, dropped_reason from staging.stg_panorama__education_records "
                "left join assessment.education_record_decisions as decided using (client_id, education_record_id) "
                f"where client_id = '{client_id}' order by 1"
            )
            assert records or "No education record names the client." in lines
            for record_id, reason_dropped in records:
                place = next(i for i, line in enumerate(lines) if line.startswith(f"Record {record_id}: school "))
                said = f"dropped: {reason_dropped}, " if reason_dropped else "not considered: "
                assert lines[place + 1].startswith(said)
                dropped.add(reason_dropped)
    assert dropped >= {None, "outside_school_year", "unknown_school", "no_school_id"}


def test_an_id_that_no_client_has_is_told_apart_from_one_that_lost_its_zeros_or_its_client(demonstration):
    ((with_zeros,),) = demonstration.rows("select min(client_id) from assessment.students where client_id like '0%'")
    told = run_explain(demonstration.warehouse, with_zeros.lstrip("0"))
    assert told.returncode == 1
    assert f"No client of the extracts has this id, but there is {with_zeros}, which differs" in told.stdout
    ((orphan, doses),) = demonstration.rows(
        "select client_id, count(*) from staging.stg_panorama__immunizations "
        "anti join staging.stg_panorama__clients using (client_id) where client_id is not null "
        "group by 1 order by all limit 1"
    )
    told = run_explain(demonstration.warehouse, orphan)
    assert "No client of the extracts has this id." in told.stdout
    assert re.search(rf"\b{doses} immunization records? and \d+ exemption records?\. They count", told.stdout)


@long
def test_an_empty_file_is_told_from_a_warehouse_of_an_earlier_version(demonstration, tmp_path):
    empty, earlier = tmp_path / "warehouse.duckdb", tmp_path / "earlier.duckdb"
    duckdb.connect(str(empty)).close()
    with duckdb.connect(str(earlier)) as connection:
        connection.execute("create schema assessment; create table assessment.students (client_id varchar)")
    (tmp_path / "no.duckdb").write_text("no database", encoding="utf-8")
    for path, sentence in (
        (empty, f"{empty} is not a warehouse. Build one: icw build."),
        (earlier, f"An earlier version of the project built {earlier}. Build it again: icw build."),
        (tmp_path / "no.duckdb", f"{tmp_path / 'no.duckdb'} cannot be opened ("),
        (tmp_path / "none.duckdb", f"There is no warehouse {tmp_path / 'none.duckdb'}. Build it first: icw build."),
    ):
        told = run_explain(path, "9999999990")
        assert told.returncode == 1 and told.stdout == "" and told.stderr.startswith(sentence)
        assert told.stderr.count("\n") == 1
        documented = subprocess.run(
            ["make", "--old-file=setup", "docs"], cwd=ROOT, capture_output=True, text=True, check=False,
            env=os.environ | {"WAREHOUSE_PATH": str(path)},
        )  # fmt: skip
        assert documented.returncode != 0 and sentence in documented.stderr and "dbt" not in documented.stdout
    assert not (tmp_path / "none.duckdb").exists()


def test_records_without_ids_are_said_to_have_none(demonstration, tmp_path):
    copy = tmp_path / "without_ids.duckdb"
    shutil.copy(demonstration.warehouse, copy)
    clients = [
        row[0]
        for row in demonstration.rows(
            "select client_id from assessment.doses group by client_id having bool_or(not is_valid) order by 1 limit 20"
        )
    ]
    with duckdb.connect(str(copy)) as connection:
        for column, tables in {
            "immunization_id": ("intermediate.int_doses_judged", "staging.base_panorama__immunizations"),
            "education_record_id": ("assessment.education_record_decisions",),
            "exemption_id": ("intermediate.int_exemptions_labelled", "staging.stg_panorama__exemptions"),
        }.items():
            for table in tables:
                connection.execute(f"update {table} set {column} = null")

    def told(warehouse):
        with open_warehouse(warehouse) as connection:
            return explanations(connection, clients)

    def lines_without_ids(lines):
        unnamed = [re.sub(r"\(IM\d+\)", "(no id)", line) for line in lines]
        return sorted(re.sub(r"ecord E[DX]\d+:", "ecord without an id:", line) for line in unnamed)

    with_ids, without_ids = told(demonstration.warehouse), told(copy)
    for client_id in clients:
        assert sorted(without_ids[client_id]) == lines_without_ids(with_ids[client_id])
