"""Coverage by birthday, students without a dose, invalid doses, doses needed, uncounted exemptions and reporting delay:
each computed a second time in plain Python from the extracts and compared in every row.

Verdicts on doses are those of annex_reading; what is counted, and over whom, is written anew from docs/indicators.md.
"""

import csv
import shutil
from collections import Counter, defaultdict
from datetime import timedelta

import annex_reading as reading
import pytest
from conftest import ONLY_TABLES, ROOT, long, run_dbt
from random_extracts import AGE_THRESHOLDS, INTERVAL_THRESHOLDS, later, write_extracts

DEMONSTRATION = ROOT / "seeds" / "extracts"
AT_TWO = {
    "diphtheria": 4, "tetanus": 4, "pertussis": 4, "polio": 3, "hib": 4, "pneumococcal": 3, "measles": 1, "mumps": 1,
    "rubella": 1, "varicella": 1, "mcc": 1,
}  # fmt: skip
DTP = ("diphtheria", "tetanus", "pertussis")
ABOUT_THE_DATE = {
    "before_birth", "too_young", "too_old", "outside_window", "live_vaccine_interaction", "polysaccharide_interaction",
    "interval_too_short",
}  # fmt: skip


class Student:
    """One student of the denominator, with every verdict on the doses of the antigens assessed at the age."""

    def __init__(self, folder_facts, client_id, birth, gender, phu_name, year):
        self.client_id, self.birth, self.gender, self.phu_name = client_id, birth, gender, phu_name
        self.age = year.age_of(birth)
        self.year = year
        self.exemptions = folder_facts["exemptions"].get(client_id, ())
        self.history = reading.History(birth, folder_facts["doses"].get(client_id, ()), year.first_year, gender)
        self.found = {
            antigen: reading.assess_antigen(antigen, self.history)
            for antigen in reading.antigens_at(self.age)
            if reading.is_assessed(antigen, self.age, gender)
        }

    def is_up_to_date(self, antigen):
        immune = reading.has_evidence_of_immunity(antigen, self.exemptions, self.year)
        return immune or self.found[antigen].is_up_to_date_by_doses

    def places(self):
        return ("province", ""), ("phu", self.phu_name)


def read_folder(folder):
    return {
        "doses": reading.read_immunizations(folder),
        "exemptions": reading.read_exemptions(folder),
    }


def students_of(folder, school_year):
    """The students that `annex_reading.assess` puts into the denominator, their histories read anew."""
    year = reading.SchoolYear(school_year)
    facts = read_folder(folder)
    units = {row[0]: row[2] for row in reading.assess(folder, school_year)["students"]}
    return [
        Student(facts, client_id, reading.parse_date(born), reading.gender_of(gender), units[client_id], year)
        for client_id, born, gender, _ in reading.read_extract(folder, "clients")
        if client_id in units
    ]


def geographies():
    return (("province", ""), *(("phu", name) for name in reading.PUBLIC_HEALTH_UNITS))


def percent(part, whole):
    return 100 * part / whole if whole else None


# The second computations: each gives the rows of a mart, as a dictionary from the key to the counts.


def coverage_by_birthday(students):
    found = {
        (*place, 7, antigen, birthday): [0, 0]
        for place in geographies() for antigen in reading.antigens_at(7) for birthday in (2, 7)
    }  # fmt: skip
    for student in students:
        if student.age != 7:
            continue
        for birthday in (2, 7):
            day = reading.plus_years(student.birth, birthday)
            # The record as it stood on the evening of the birthday.
            given = [dose for dose in student.history.doses if dose.given <= day]
            then = reading.History(student.birth, given, student.year.first_year, student.gender)
            for antigen in student.found:
                assessed = reading.assess_antigen(antigen, then)
                has_counts = assessed.valid_doses >= AT_TWO[antigen]
                for place in student.places():
                    counts = found[*place, 7, antigen, birthday]
                    counts[0] += 1
                    counts[1] += has_counts if birthday == 2 else assessed.is_up_to_date_by_doses
    return {key: (n, k, percent(k, n)) for key, (n, k) in found.items()}


def zero_dose(students):
    found = {(*place, age): [0, 0, 0] for place in geographies() for age in reading.AGES}
    dtp_agents = set().union(*(reading.RELEVANT[antigen] for antigen in DTP))
    for student in students:
        doses = student.history.doses
        for place in student.places():
            counts = found[*place, student.age]
            counts[0] += 1
            counts[1] += not any(dose.agent in dtp_agents for dose in doses)
            counts[2] += not doses
    return {key: (n, dtp, none, percent(dtp, n), percent(none, n)) for key, (n, dtp, none) in found.items()}


def is_same_record(one, other):
    """A record may stand for two agents (Hib-HB); its id tells it, and where it has none, the day and the agent."""
    if one.immunization_id or other.immunization_id:
        return one.immunization_id == other.immunization_id
    return (one.given, one.agent) == (other.given, other.agent)


def refused_reason(student, antigen, dose):
    """Why a kept dose counts nowhere; None where it counts, or where the reason is not about its date."""
    for assessed in student.found.values():
        if any(is_same_record(verdict.dose, dose) and verdict.is_valid for verdict in assessed.verdicts):
            return None
    by_schedule = defaultdict(list)
    for verdict in student.found[antigen].verdicts:
        by_schedule[verdict.schedule].append(verdict)
    # The first of the largest: schedules come in the printed order.
    best = max(by_schedule.values(), key=lambda verdicts: sum(verdict.is_valid for verdict in verdicts))
    reason = next(verdict.reason for verdict in best if verdict.dose is dose)
    return reason if reason in ABOUT_THE_DATE else None


def invalid_doses(students):
    given, refused = Counter(), Counter()
    for student in students:
        for antigen in student.found:
            kept, _ = reading.one_per_day(antigen, reading.relevant_doses(antigen, student.history))
            for dose in kept:
                reason = refused_reason(student, antigen, dose)
                for place in student.places():
                    given[*place, student.age, antigen, dose.given.year] += 1
                    if reason:
                        refused[*place, student.age, antigen, dose.given.year, reason] += 1
    years, reasons = defaultdict(set), defaultdict(set)
    for _, _, age, antigen, year in given:
        years[age, antigen].add(year)
    for _, _, age, antigen, _, reason in refused:
        reasons[age, antigen].add(reason)
    return {
        (*place, age, antigen, year, reason): (
            n := given[*place, age, antigen, year],
            k := refused[*place, age, antigen, year, reason],
            percent(k, n),
        )
        for place in geographies()
        for age, antigen in reasons
        for year in years[age, antigen]
        for reason in reasons[age, antigen]
    }


AGENTS = {
    "diphtheria": "Tdap", "tetanus": "Tdap", "pertussis": "Tdap", "polio": "IPV", "hib": "Hib", "hepatitis_b": "HB",
    "hpv": "HPV-9", "measles": "MMR", "mumps": "MMR", "rubella": "MMR", "varicella": "Var", "mcc": "Men-C-C",
    "mcv4": "Men-C-ACYW-135", "pneumococcal": "Pneu-C-13",
}  # fmt: skip


def days_to_try(student, doses, since):
    """The days from `since` on which an age or an interval of the annex turns: a dose first counts on one of them."""
    turns = {later(student.birth, unit, count) for unit, count in AGE_THRESHOLDS}
    turns |= {later(dose.given, unit, count) for dose in doses for unit, count in INTERVAL_THRESHOLDS}
    return sorted(day for day in turns | {since} if day >= since)


def doses_missing(student, antigen):
    """Fewest doses that bring a student up to date on a schedule, each on the first day on which it counts, from the
    assessment date on and after every recorded dose of the antigen."""
    year = student.year.first_year
    kept, _ = reading.one_per_day(antigen, reading.relevant_doses(antigen, student.history))
    schedules = reading.schedules_of(antigen, student.history, kept)
    engerix = antigen == "hepatitis_b" and reading.follows_engerix_rule(student.history, kept)
    verdicts = student.found[antigen].verdicts
    counts = []
    for schedule, definition, agents in schedules:
        valid = [verdict.dose for verdict in verdicts if verdict.schedule == schedule and verdict.is_valid]
        doses = list(student.history.doses)
        since = max([student.year.assessment_date, *(dose.given + timedelta(days=1) for dose in kept)])
        for count in range(1, 7):
            for day in days_to_try(student, doses, since):
                dose = reading.Dose(f"planned {count}", day, AGENTS[antigen], "Engerix-B" if engerix else "")
                history = reading.history_of_any_day(student.birth, student.gender, [*doses, dose], year)
                if reading.judge(history, schedule, definition, agents, valid, dose).is_valid:
                    break
            else:
                break
            doses, valid, since = [*doses, dose], [*valid, dose], day + timedelta(days=1)
            of_schedules = {name: valid if name == schedule else [] for name, _, _ in schedules}
            if list(reading.UP_TO_DATE[antigen](history, of_schedules)):
                counts.append(count)
                break
    return min(counts, default=0)


def doses_needed(students):
    found = {
        (*place, age, antigen): [0, 0, 0, 0]
        for place in geographies() for age in reading.AGES for antigen in reading.antigens_at(age)
    }  # fmt: skip
    for student in students:
        for antigen in student.found:
            needed = None if student.is_up_to_date(antigen) else doses_missing(student, antigen)
            for place in student.places():
                counts = found[*place, student.age, antigen]
                counts[0] += 1
                if needed:
                    counts[min(needed, 3)] += 1
    return {
        key: (n, *needing, *(percent(k, n) for k in needing)) for key, (n, *needing) in found.items()
    }


def exempt_not_counted(students):
    """Students per place, age and antigen who are not up to date and exempt where the annex counts no exemptions."""
    labels_of = {
        antigen: reading.EXEMPTION_LABELS.get(antigen, frozenset()) | reading.IMMUNITY_LABELS.get(antigen, frozenset())
        for antigen in reading.RELEVANT
    }
    found = {
        (*place, age, antigen): (0,)
        for place in geographies() for age in reading.AGES for antigen in reading.antigens_at(age)
    }  # fmt: skip
    for student in students:
        in_force = [
            e.antigen for e in student.exemptions
            if e.reason in (reading.MEDICAL_REASON, reading.NONMEDICAL_REASON)
            and (e.effective_from is None or e.effective_from <= student.year.assessment_date)
            and (e.effective_to is None or e.effective_to >= student.year.starts)
        ]  # fmt: skip
        for antigen in student.found:
            if antigen in reading.EXEMPTION_ANTIGENS_BY_AGE.get(student.age, ()) or student.is_up_to_date(antigen):
                continue
            if labels_of[antigen].intersection(in_force) or (in_force and not student.history.doses):
                for place in student.places():
                    found[*place, student.age, antigen] = (found[*place, student.age, antigen][0] + 1,)
    return found


def delay_class(days):
    limits = {-1: "before_the_dose", 7: "within_7_days", 30: "within_30_days", 365: "within_1_year"}
    return next((name for limit, name in limits.items() if days <= limit), "later")


def reporting(students):
    """Doses of the demonstration by place, age, whether they were migrated or given in the school year, and delay."""
    with (ROOT / "seeds" / "annex" / "agents.csv").open(encoding="utf-8", newline="") as file:
        known = {reading.comparable(row["agent"]) for row in csv.DictReader(file)} | set(reading.AGENT_ALIASES)
    by_client = {student.client_id: student for student in students}
    counts = Counter()
    with (DEMONSTRATION / "immunizations.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["immunization_id"]: row for row in reversed(list(csv.DictReader(file)))}
    for row in rows.values():
        student, given = by_client.get(row["client_id"].strip()), reading.parse_date(row["administered_date"])
        if student is None or given is None or given > student.year.assessment_date:
            continue
        if reading.comparable(row["agent"]) not in known:
            continue
        recorded = reading.parse_date(row["recorded_date"])
        is_migration = row["reported_by"] == "IRIS migration"
        delay = "not_recorded" if recorded is None or is_migration else delay_class((recorded - given).days)
        for place in student.places():
            counts[*place, student.age, is_migration, given >= student.year.starts, delay] += 1
    return {key: (count,) for key, count in counts.items()}


QUERIES = {
    "coverage_by_birthday": (
        "select geography, coalesce(phu_name, ''), age, antigen, birthday, students, students_up_to_date, "
        "coverage_percent from marts.coverage_by_birthday",
        5, coverage_by_birthday,
    ),
    "zero_dose": (
        "select geography, coalesce(phu_name, ''), age, students, students_without_dtp, students_without_dose, "
        "without_dtp_percent, without_dose_percent from marts.zero_dose",
        3, zero_dose,
    ),
    "invalid_doses": (
        "select geography, coalesce(phu_name, ''), age, antigen, year_given, reason, doses, doses_refused, "
        "refused_percent from marts.invalid_doses",
        6, invalid_doses,
    ),
    "doses_needed": (
        "select geography, coalesce(phu_name, ''), age, antigen, students, students_needing_1, students_needing_2, "
        "students_needing_3_or_more, needing_1_percent, needing_2_percent, needing_3_or_more_percent "
        "from marts.doses_needed",
        4, doses_needed,
    ),
    "exempt_not_counted": (
        "select geography, coalesce(phu_name, ''), age, antigen, students from marts.not_up_to_date_reasons "
        "where status = 'exempt_not_counted'",
        4, exempt_not_counted,
    ),
}  # fmt: skip


def assert_equal_in_every_row(build, students, name):
    query, keys, compute = QUERIES[name]
    rows = build.rows(query)
    built = {row[:keys]: row[keys:] for row in rows}
    assert len(built) == len(rows)
    expected = compute(students)
    differing = {
        key: (built.get(key), expected.get(key))
        for key in built.keys() | expected.keys() if built.get(key) != pytest.approx(expected.get(key), nan_ok=True)
    }  # fmt: skip
    assert not differing, f"{len(differing)} of {len(expected)} rows, such as {list(differing.items())[:3]}"


@pytest.fixture(scope="module")
def students():
    return students_of(DEMONSTRATION, 2018)


@pytest.mark.parametrize("name", QUERIES)
def test_the_demonstration_equals_the_second_computation_in_every_row(demonstration, students, name):
    assert_equal_in_every_row(demonstration, students, name)


def test_the_demonstration_has_the_delays_of_the_second_computation(demonstration, students):
    rows = demonstration.rows(
        "select geography, coalesce(phu_name, ''), age, channel = 'migration', is_of_school_year, delay, sum(doses) "
        "from marts.reporting group by all"
    )
    assert {row[:-1]: row[-1:] for row in rows} == reporting(students)


@pytest.fixture(scope="module")
def random_case(tmp_path_factory):
    """Random histories of 2018, every date on a threshold or one day beside it."""
    folder = tmp_path_factory.mktemp("cohorts") / "extracts"
    write_extracts(folder, seed=23, students=600)
    marts = [name for name in QUERIES if name != "exempt_not_counted"]
    build = run_dbt(
        "build", *ONLY_TABLES, "--select", *(f"+{name}" for name in [*marts, "not_up_to_date_reasons"]),
        warehouse=folder.parent / "warehouse.duckdb", extracts=folder,
    )  # fmt: skip
    assert build.returncode == 0, build.output
    return build, students_of(folder, 2018)


@pytest.mark.parametrize("name", QUERIES)
@long
def test_random_histories_equal_the_second_computation_in_every_row(random_case, name):
    assert_equal_in_every_row(*random_case, name)


@long
def test_doses_needed_are_those_from_the_assessment_date_whatever_the_day_of_the_list(demonstration, tmp_path):
    query = "select * exclude (build_id) from marts.doses_needed order by all"
    warehouse = tmp_path / demonstration.warehouse.name
    shutil.copy(demonstration.warehouse, warehouse)
    selected = ["int_schedules_planned", "int_students_by_doses_needed", "doses_needed"]
    build = run_dbt("run", "--select", *selected, "--vars", "as_of: 2018-09-01", warehouse=warehouse)
    assert build.returncode == 0, build.output
    assert build.rows(query) == demonstration.rows(query)
