"""What the list under the ISPA proposes, given on the day that it says to random students with doses up to two years
before and after it: every dose counts by the independent reading, no recorded dose is lost, nobody gets an antigen
under a medical exemption, and no smaller set of agents would do."""

import csv
import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import combinations

import annex_reading
import pytest
from annex_reading import Dose, comparable, plus_months, plus_years
from conftest import ONLY_TABLES, ROOT, run_dbt
from random_extracts import LIVE, Writer

DAY = timedelta(days=1)
AS_OF = date(2019, 3, 1)
ASSESSED = date(2019, 8, 31)
ADDED = [
    *("MMR", "MMR", "Var", "MMR-Var", "YF", "Mu"),
    *("Tdap", "Tdap-IPV", "IPV", "Men-C-C", "Men-C-ACYW-135", "Men-P-ACYW-135"),
]
WAITING = ("overdue", "not_yet_due")


def write(folder, seed, students):
    writer = Writer(seed, 2018)
    writer.add_schools()
    for number in range(1, students + 1):
        writer.add_client(number)
    writer.repeat_ids(conflicting_ids=False)
    rng = random.Random(seed)
    for number, client in enumerate(list(writer.rows["clients"])):
        for dose in range(rng.choice((0, 0, 1, 1, 2, 3))):
            near = rng.choice((730, 60))
            writer.rows["immunizations"].append({
                "immunization_id": f"V{number}-{dose}", "client_id": client["client_id"], "agent": rng.choice(ADDED),
                "administered_date": (AS_OF + rng.randint(-near, near) * DAY).isoformat(), "trade_name": "",
            })  # fmt: skip
    writer.write(folder)


def offered_agents(birth, day):
    """The agents of next_dose_agents that are offered at the age of the day."""
    with (ROOT / "seeds" / "practice" / "next_dose_agents.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def turns(period):
        number, unit = period.split()
        if unit == "days":
            return birth + int(number) * DAY
        return (plus_years if unit == "years" else plus_months)(birth, int(number))

    return {
        row["agent"]
        for row in rows
        if turns(row["offered_from"]) <= day and (not row["offered_before"] or day < turns(row["offered_before"]))
    }


def protects(agent):
    return {antigen for antigen, agents in annex_reading.RELEVANT.items() if comparable(agent) in agents}


class Student:
    def __init__(self, birth, gender, doses, exemptions):
        self.birth, self.gender = birth, gender
        self.doses = [d for d in doses if d.given is not None]
        self.recorded = [d for d in self.doses if d.given <= ASSESSED]
        self.live_days = {d.given for d in self.doses if d.agent in annex_reading.LIVE_VACCINES}
        self.exemptions = exemptions

    def labelled(self, antigen):
        labels = annex_reading.EXEMPTION_LABELS.get(antigen, set()) | annex_reading.IMMUNITY_LABELS.get(antigen, set())
        return [e for e in self.exemptions if e.antigen in labels]

    def in_force(self, antigen, reasons):
        return any(
            e.reason in reasons
            and (e.effective_from is None or e.effective_from <= AS_OF)
            and (e.effective_to is None or e.effective_to >= AS_OF)
            for e in self.labelled(antigen)
        )

    def is_immune(self, antigen):
        return any(
            e.reason in annex_reading.IMMUNITY_REASONS and e.effective_from is not None and e.effective_from <= AS_OF
            for e in self.labelled(antigen)
        )

    def contraindicated(self):
        return {a for a in annex_reading.RELEVANT if self.in_force(a, {annex_reading.MEDICAL_REASON})}

    def assessed(self, antigen, given):
        """The assessment with agents that are given on days beside what is recorded."""
        more = [Dose(f"~{number}", day, agent) for number, (agent, day) in enumerate(given)]
        history = annex_reading.history_of_any_day(self.birth, self.gender, [*self.recorded, *more])
        return annex_reading.assess_antigen(antigen, history)

    def counts(self, antigen, given, day):
        """Whether a dose of the antigen given on the day is valid, not one that is recorded."""
        return any(
            v.is_valid and v.dose.given == day and v.dose.immunization_id.startswith("~")
            for v in self.assessed(antigen, given).verdicts
        )

    def keeps_recorded_live_doses(self, day):
        return not any(day < other < day + 28 * DAY for other in self.live_days)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("visits")
    write(folder / "extracts", seed=5, students=1500)
    build = run_dbt(
        "build", *ONLY_TABLES, "--select", "+ispa_overdue_students", "students", "--vars", f"{{as_of: '{AS_OF}'}}",
        warehouse=folder / "warehouse.duckdb", extracts=folder / "extracts",
    )  # fmt: skip
    assert build.returncode == 0, build.output
    immunizations = annex_reading.read_immunizations(folder / "extracts")
    exemptions = annex_reading.read_exemptions(folder / "extracts")
    clients = {
        client_id: (annex_reading.parse_date(birth), gender)
        for client_id, birth, gender, _ in annex_reading.read_extract(folder / "extracts", "clients")
    }
    students = {
        client_id: Student(*clients[client_id], immunizations.get(client_id, []), exemptions.get(client_id, []))
        for (client_id,) in build.rows("select client_id from assessment.students")
    }
    compliance = defaultdict(dict)
    for client_id, *row in build.rows(
        "select client_id, antigen, disease_name, status, missing_agent, overdue_since, next_valid_date, visit_date, "
        "is_due from assessment.ispa_compliance join practice.ispa_diseases using (disease, antigen)"
    ):
        compliance[client_id][row[0]] = dict(
            zip(("disease", "status", "agent", "since", "next", "visit", "is_due"), row[1:], strict=True)
        )
    listed = {
        row[0]: row[1:]
        for row in build.rows(
            "select client_id, as_of, overdue_diseases, due_agents, due_later, diseases_without_agent, is_due "
            "from assessment.ispa_overdue_students"
        )
    }
    return build, students, compliance, listed


def is_live(agent):
    return comparable(agent) in annex_reading.LIVE_VACCINES


def test_statuses_follow_records_and_days(built):
    _, students, compliance, listed = built
    found = Counter()
    for client_id, antigens in compliance.items():
        student = students[client_id]
        for antigen, row in antigens.items():
            found[row["status"]] += 1
            if row["status"] == "up_to_date":
                continue
            exempt = student.in_force(antigen, {annex_reading.MEDICAL_REASON, annex_reading.NONMEDICAL_REASON})
            immune = student.is_immune(antigen)
            waiting = not exempt and not immune
            assert (row["status"] == "exempt") == exempt and (row["status"] == "immune") == (immune and not exempt)
            assert (row["status"] in WAITING) == waiting
            assert (row["status"] == "overdue") == (row["since"] is not None)
            assert row["since"] is None or row["since"] <= AS_OF
    assert min(found[s] for s in ("up_to_date", "exempt", "immune", "overdue", "not_yet_due")) > 10, found
    overdue = {c for c, rows in compliance.items() if any(row["status"] == "overdue" for row in rows.values())}
    assert set(listed) == overdue


def test_due_agents_count_on_the_day_given_together_and_none_is_needless(built):
    _, students, compliance, listed = built
    sizes, without = Counter(), 0
    for client_id, (as_of, diseases, due_agents, _, without_agent, is_due) in listed.items():
        student, rows = students[client_id], compliance[client_id]
        assert as_of == AS_OF and is_due == bool(due_agents)
        assert set(diseases.split(", ")) == {r["disease"] for r in rows.values() if r["status"] == "overdue"}
        agents = due_agents.split(", ") if due_agents else []
        contraindicated = student.contraindicated()
        allowed = {a for a in offered_agents(student.birth, AS_OF) if not protects(a) & contraindicated}
        assert set(agents) <= allowed
        given = [(agent, AS_OF) for agent in agents]
        due = {antigen for antigen, row in rows.items() if row["is_due"]}
        assert all(student.counts(antigen, given, AS_OF) for antigen in due)
        assert not agents or due == {a for a in due if any(a in protects(agent) for agent in agents)}
        if any(is_live(agent) for agent in agents):
            assert student.keeps_recorded_live_doses(AS_OF)
        # No smaller set of agents holds all that is due.
        useful = [a for a in allowed if protects(a) & due]
        for size in range(len(agents)):
            for fewer in combinations(useful, size):
                assert not due <= set().union(*(protects(a) for a in fewer)), (client_id, fewer)
        sizes[len(agents)] += 1
        # Nothing that counts is left out.
        for antigen, row in rows.items():
            if row["status"] not in WAITING or row["is_due"]:
                continue
            relevant = annex_reading.RELEVANT[antigen]
            if any(d.agent in relevant and d.given >= AS_OF for d in student.recorded):
                continue
            for agent in (a for a in allowed if antigen in protects(a)):
                counts = student.counts(antigen, [(agent, AS_OF)], AS_OF)
                spoils = is_live(agent) and not student.keeps_recorded_live_doses(AS_OF)
                assert not counts or spoils, (client_id, antigen)
        nothing = {r["disease"] for r in rows.values() if r["status"] in WAITING and r["agent"] is None}
        assert set(without_agent.split(", ") if without_agent else []) == nothing
        without += bool(nothing)
    assert without > 5 and len([n for n in sizes if sizes[n] > 5]) >= 5, (without, sizes)


def test_what_is_due_later_counts_on_its_first_day_after_the_visits_before(built):
    _, students, compliance, listed = built
    checked = 0
    for client_id, (_, _, _, due_later, _, _) in listed.items():
        student = students[client_id]
        rows = {a: r for a, r in compliance[client_id].items() if r["status"] in WAITING and r["visit"] is not None}
        later = sorted((r["visit"], r["disease"], r["agent"]) for r in rows.values() if not r["is_due"])
        told = [f"{disease} ({agent}) from {day}" for day, disease, agent in later]
        assert sorted(due_later.split("; ") if due_later else []) == sorted(told)
        given = sorted({(row["visit"], row["agent"]) for row in rows.values()})
        given = [(agent, day) for day, agent in given]
        contraindicated = student.contraindicated()
        for antigen, row in rows.items():
            assert student.counts(antigen, given, row["visit"]), (client_id, antigen, given)
            assert not protects(row["agent"]) & contraindicated
            assert row["agent"] in offered_agents(student.birth, row["visit"])
            assert row["visit"] >= row["next"] and (row["visit"] == AS_OF) == row["is_due"]
            if is_live(row["agent"]):
                assert student.keeps_recorded_live_doses(row["visit"])
            checked += not row["is_due"]
    assert checked > 50


def test_next_doses_say_what_is_offered_and_which_recorded_dose_would_be_lost(built):
    build, students, _, _ = built
    rows = build.rows(
        "select client_id, antigen, agent, is_offered, next_valid_date, lost_dose_date, visit_date, "
        "earliest_completion_date, ends_after_school_age from assessment.next_doses"
    )
    lost_doses = 0
    for client_id, antigen, agent, is_offered, day, lost, visit, last, after_school in rows:
        student = students[client_id]
        held = [a for a in offered_agents(student.birth, day) if antigen in protects(a)]
        if visit is None:
            assert is_offered == any(not protects(a) & student.contraindicated() for a in held), (client_id, antigen)
        assert antigen in protects(agent)
        assert after_school == (last >= plus_years(student.birth, 18))
        later = [d for d in student.live_days if AS_OF < d and day < d < day + 28 * DAY]
        assert lost == (min(later, default=None) if antigen in ("measles", "mumps", "rubella", "varicella") else None)
        lost_doses += lost is not None
    assert lost_doses > 10 and {row[3] for row in rows} == {True, False}


def test_an_antigen_that_is_live_is_known_to_be():
    assert {comparable(agent) for agent in LIVE} == annex_reading.LIVE_VACCINES
