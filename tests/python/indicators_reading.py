"""A second computation of the indicators of doses and visits (docs/indicators.md), in plain Python.

Doses are judged by the second reading of the annex (annex_reading), the grace period by a plain reader of the rule
tables; neither shares anything with the SQL. Each function returns the rows of one table by geography, age and antigen.
"""

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import annex_reading as reading

SEEDS = Path(__file__).parents[2] / "seeds"
SLOTS = 6
FROM_FIRST = {"diphtheria", "tetanus", "pertussis"}


def seed(name):
    with next(SEEDS.glob(f"*/{name}.csv")).open(encoding="utf-8", newline="") as lines:
        return [{column: value or None for column, value in row.items()} for row in csv.DictReader(lines)]


@cache
def day_at(birth, age):
    """The day on which an age is reached: `42 days`, `18 months`, `4 years`, or the September of `grade 7`."""
    if age.startswith("grade "):
        return date(birth.year + 5 + int(age.removeprefix("grade ")), 9, 1)
    return after(birth, age)


@cache
def after(day, period):
    number, unit = period.split()
    if unit.startswith("day"):
        return day + timedelta(days=int(number))
    return reading.plus_months(day, int(number) * (12 if unit.startswith("year") else 1))


class Pupil:
    """A student of the denominator: dated records up to the assessment date, exemptions and public health unit."""

    def __init__(self, client_id, birth, gender, phu_name, doses, exemptions, school_year):
        self.client_id, self.birth, self.gender, self.phu_name = client_id, birth, gender, phu_name
        self.exemptions = exemptions
        self.history = Replay(birth, doses, school_year, gender)
        self.age = self.history.age
        self.assessment_date = self.history.year.assessment_date
        self.visits = sorted({d.given for d in self.history.doses if d.given >= birth})
        self.antigens = {
            antigen: Judged(self, antigen)
            for antigen in reading.antigens_at(self.age)
            if reading.is_assessed(antigen, self.age, gender)
        }


class Replay(reading.History):
    """A history whose live doses can grow."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.live = {d.given for d in self.doses if d.agent in reading.LIVE_VACCINES}

    def follows_live_dose(self, dose):
        return any(0 < (dose.given - day).days < 28 for day in self.live)


class Judged:
    """A student and antigen."""

    def __init__(self, pupil, antigen):
        self.pupil, self.antigen, self.history = pupil, antigen, pupil.history
        self.kept, _ = reading.one_per_day(antigen, reading.relevant_doses(antigen, self.history))
        self.recorded = {dose.given: dose for dose in self.kept}
        self.schedules = reading.schedules_of(antigen, self.history, self.kept)
        self.valid = {name: self.fill(name, definition, agents) for name, definition, agents in self.schedules}
        year = self.history.year
        self.is_immune = reading.has_evidence_of_immunity(antigen, pupil.exemptions, year)
        self.is_up_to_date = self.is_immune or self.meets(self.valid)
        self.is_exempt = antigen in reading.EXEMPTION_ANTIGENS_BY_AGE.get(pupil.age, ()) and reading.is_exempt(
            antigen, reading.MEDICAL_REASON, pupil.exemptions, year
        )
        self.recommended = recommended(antigen, pupil.birth)

    def fill(self, schedule, definition, agents):
        valid = []
        for dose in self.kept:
            if reading.judge(self.history, schedule, definition, agents, valid, dose).is_valid:
                valid.append(dose)
        return valid

    def meets(self, valid_by_schedule):
        doses = defaultdict(list, valid_by_schedule)
        return any(True for _ in reading.UP_TO_DATE[self.antigen](self.history, doses))

    def fits(self, schedule, valid, day, history=None):
        """Whether a dose given on a day would fill the slot after the valid ones."""
        _, definition, agents = schedule
        return any(
            reading.judge(history or self.history, schedule[0], definition, agents, valid, dose).is_valid
            for dose in (reading.Dose("given", day, agent) for agent in self.agents())
        )

    def agents(self):
        offered = {reading.comparable(row["agent"]) for row in seed_rows("next_dose_agents")}
        return sorted(offered & reading.RELEVANT[self.antigen])

    def reached(self, number):
        """The day on which the recommended age of a dose of that number is reached; beyond the table, of its last."""
        return self.recommended[min(number, max(self.recommended))]["from"]

    def is_offered(self, day):
        return any(
            first <= day and (before is None or day < before)
            for first, before in offers(self.antigen, self.pupil.birth)
        )

    def is_due(self, schedule, valid, day, history=None):
        number = len(valid) + 1
        return self.reached(number) <= day and self.is_offered(day) and self.fits(schedule, valid, day, history)

    def is_eligible(self, day):
        earlier = {name: [d for d in valid if d.given < day] for name, valid in self.valid.items()}
        return not self.meets(earlier) and any(
            self.is_due(schedule, earlier[schedule[0]], day) for schedule in self.schedules
        )

    def is_up_to_date_without_missed(self):
        return self.is_up_to_date or (not self.is_exempt and any(map(self.replayed, self.schedules)))

    def replayed(self, schedule):
        """Up to date on the schedule, had each dose been given on the first visit on which it was due."""
        name, definition, agents = schedule
        history = Replay(self.pupil.birth, self.history.doses, self.history.year.first_year, self.pupil.gender)
        valid = []
        for day in sorted({*self.pupil.visits, *self.recorded}):
            if dose := self.recorded.get(day):
                if reading.judge(history, name, definition, agents, valid, dose).is_valid:
                    valid.append(dose)
            elif not self.meets({name: valid}) and self.is_due(schedule, valid, day, history):
                valid.append(reading.Dose("added", day, self.agents()[0]))
                if valid[-1].agent in reading.LIVE_VACCINES:
                    history.live.add(day)
        return self.meets({name: valid})


@cache
def offers(antigen, birth):
    return [
        (day_at(birth, row["offered_from"]), row["offered_before"] and day_at(birth, row["offered_before"]))
        for row in seed_rows("next_dose_agents")
        if reading.comparable(row["agent"]) in reading.RELEVANT[antigen]
    ]


@cache
def seed_rows(name):
    return tuple(seed(name))


@cache
def recommended(antigen, birth):
    """The recommended doses of those born on a day: schedule, first day and the day on which each is late."""
    return {
        int(row["dose_number"]): {
            "schedule": row["schedule"],
            "from": day_at(birth, row["age_from"]),
            "before": day_at(birth, row["age_before"]),
        }
        for row in seed_rows("recommended_ages")
        if row["antigen"] == antigen and holds_for(row, birth)
    }


def holds_for(row, birth):
    born_from, born_before = row.get("born_from"), row.get("born_before")
    return not (born_from and birth < date.fromisoformat(born_from)) and not (
        born_before and birth >= date.fromisoformat(born_before)
    )


def read_pupils(extracts, school_year=2018, students=None):
    """The students; `students` has gender and public health unit by client id where others have read them."""
    clients = {row[0]: row for row in reading.read_extract(extracts, "clients")}
    if students is None:
        rows = reading.assess(extracts, school_year)["students"]
        students = {row[0]: (clients[row[0]][2], row[2]) for row in rows}
    doses, exemptions = reading.read_immunizations(extracts), reading.read_exemptions(extracts)
    return [
        Pupil(
            client_id, reading.parse_date(clients[client_id][1]), gender, phu_name, doses.get(client_id, ()),
            exemptions.get(client_id, ()), school_year,
        )
        for client_id, (gender, phu_name) in students.items()
    ]  # fmt: skip


def judged(pupils):
    return ((pupil, found) for pupil in pupils for found in pupil.antigens.values())


class Counts:
    """Counts by geography, age, antigen and what else the key holds."""

    def __init__(self):
        self.by_key = defaultdict(Counter)

    def add(self, pupil, antigen, *key, **counts):
        for place in (reading.PROVINCE, ("phu", pupil.phu_name)):
            self.by_key[(*place, pupil.age, antigen, *key)].update(counts)

    def row(self, key, names):
        return tuple(self.by_key[key][name] if key in self.by_key else 0 for name in names)


def geographies():
    for place in reading.GEOGRAPHIES:
        for age in reading.AGES:
            for antigen in reading.antigens_at(age):
                yield *place, age, antigen


def percent(part, whole):
    return 100 * part / whole if whole else None


def most_doses():
    """The most doses that a criterion of the age asks for, by antigen, age and schedule."""
    most = Counter()
    for row in seed_rows("up_to_date_rules"):
        for age in [int(row["age"])] if row["age"] else reading.AGES:
            key = row["antigen"], age, row["schedule"]
            most[key] = max(most[key], int(row["valid_doses"]))
    return most


def birth_years_of(age, school_year):
    return school_year - age


def covers(row, age, school_year):
    """Whether a row of recommended_ages is that of everybody in the cohort."""
    year = birth_years_of(age, school_year)
    return holds_for(row, date(year, 1, 1)) and holds_for(row, date(year, 12, 31))


def dose_coverage(pupils, school_year=2018):
    counts = Counts()
    for pupil, found in judged(pupils):
        for number, row in found.recommended.items():
            valid = found.valid[row["schedule"]]
            could = (
                not found.is_up_to_date
                and row["from"] <= pupil.assessment_date
                and pupil.assessment_date not in found.recorded
                and found.fits(
                    next(s for s in found.schedules if s[0] == row["schedule"]), valid, pupil.assessment_date
                )
            )
            has = len(valid) >= number
            if number > 1:
                drops = could and len(valid) == number - 1
                counts.add(pupil, found.antigen, number, eligible=has or drops, dropped=drops)
            if number == 3 and found.antigen in FROM_FIRST:
                drops = could and 1 <= len(valid) < 3
                counts.add(pupil, found.antigen, number, first=has or drops, dropped_from_first=drops)
    most, rows = most_doses(), []
    for *place, age, antigen in geographies():
        births = {date(birth_years_of(age, school_year), 1, 1), date(birth_years_of(age, school_year), 12, 31)}
        listed = {number for birth in births for number in recommended(antigen, birth)}
        for number in range(1, max(n for (a, g, _), n in most.items() if (a, g) == (antigen, age)) + 1):
            key = (*place, age, antigen, number)
            eligible, dropped, first, from_first = counts.row(
                key, ("eligible", "dropped", "first", "dropped_from_first")
            )
            if number == 1 or number not in listed:
                eligible = dropped = None
            if not (number == 3 and antigen in FROM_FIRST and number in listed):
                first = from_first = None
            rows.append(
                (
                    *key,
                    eligible,
                    dropped,
                    percent(dropped, eligible),
                    first,
                    from_first,
                    percent(from_first, first),
                )
            )
    return rows


def completed_months(birth, day):
    """Birthdays count as method.md says: the last month whose end, clipped, has come."""
    months = 12 * (day.year - birth.year) + day.month - birth.month
    return months if reading.plus_months(birth, months) <= day else months - 1


def timeliness(pupils, school_year=2018):
    counts, students = Counts(), Counts()
    for pupil, found in judged(pupils):
        students.add(pupil, found.antigen, students=1)
        for number, row in found.recommended.items():
            valid = found.valid[row["schedule"]]
            if len(valid) >= number:
                given = valid[number - 1].given
                when = "early" if given < row["from"] else "timely" if given < row["before"] else "late"
                counts.add(pupil, found.antigen, row["schedule"], number, **{when: 1})
    rows = []
    for *place, age, antigen in geographies():
        youngest = date(birth_years_of(age, school_year), 12, 31)
        for row in seed_rows("recommended_ages"):
            if row["antigen"] != antigen or not covers(row, age, school_year):
                continue
            if day_at(youngest, row["age_before"]) > reading.SchoolYear(school_year).assessment_date:
                continue
            key = (*place, age, antigen)
            cohort = students.row(key, ("students",))[0]
            number = int(row["dose_number"])
            early, timely, late = counts.row((*key, row["schedule"], number), ("early", "timely", "late"))
            rows.append(
                (
                    *key,
                    row["schedule"],
                    number,
                    row["recommended_at"],
                    cohort,
                    early,
                    timely,
                    late,
                    cohort - early - timely - late,
                    percent(timely, cohort),
                    percent(early + timely, cohort),
                )
            )
    return rows


def coverage_by_age_in_months(pupils):
    found_doses, students = defaultdict(Counter), Counter()
    for pupil, found in judged(pupils):
        students[pupil.age, found.antigen] += 1
        for schedule, valid in found.valid.items():
            for number, dose in enumerate(valid, 1):
                months = max(0, completed_months(pupil.birth, dose.given))
                found_doses[pupil.age, found.antigen, schedule, number][months] += 1
    rows = []
    for (antigen, age, schedule), most in most_doses().items():
        if antigen not in reading.antigens_at(age):
            continue
        for number in range(1, most + 1):
            given = found_doses[age, antigen, schedule, number]
            reached = 0
            for month in range(12 * age + 8):
                reached += given[month]
                cohort = students[age, antigen]
                rows.append((age, antigen, schedule, number, month, cohort, reached, percent(reached, cohort)))
    return rows


def missed_visits(pupils):
    counts = Counts()
    for pupil, found in judged(pupils):
        if found.is_immune or found.is_exempt:
            continue
        eligible = [day for day in pupil.visits if found.is_eligible(day)]
        missed = [day for day in eligible if day not in found.recorded]
        corrected = bool(missed) and any(d.given > missed[-1] for valid in found.valid.values() for d in valid)
        counts.add(
            pupil,
            found.antigen,
            eligible=len(eligible),
            missed=len(missed),
            students=bool(eligible),
            students_missed=bool(missed),
            corrected=corrected,
            uncorrected=bool(missed) and not corrected,
        )
    rows = []
    for key in geographies():
        eligible, missed, students, with_missed, corrected, uncorrected = counts.row(
            key, ("eligible", "missed", "students", "students_missed", "corrected", "uncorrected")
        )
        rows.append(
            (
                *key,
                eligible,
                missed,
                percent(missed, eligible),
                students,
                with_missed,
                percent(with_missed, students),
                corrected,
                uncorrected,
                percent(corrected, students),
                percent(uncorrected, students),
            )
        )
    return rows


def coverage_within_reach(pupils, grace_days=4):
    counts = Counts()
    for pupil, found in judged(pupils):
        counts.add(
            pupil,
            found.antigen,
            students=1,
            up_to_date=found.is_up_to_date,
            without_missed=found.is_up_to_date_without_missed(),
            with_grace=found.is_up_to_date or is_up_to_date_with_grace(found, timedelta(days=grace_days)),
        )
    return [
        (*key, *counts.row(key, ("students", "up_to_date", "without_missed", "with_grace"))) for key in geographies()
    ]


# The grace period: every "from" is held against the dose's day plus the grace, every "before" against the day itself.


@cache
def rules_of(antigen):
    agents = defaultdict(set)
    for row in seed_rows("dose_rule_agents"):
        agents[row["rule_id"], row["dose"]].add(reading.comparable(row["agent"]))
    return [
        row | {"current": agents.get((row["rule_id"], "current")), "first": agents.get((row["rule_id"], "first"))}
        for row in seed_rows("dose_rules")
        if row["antigen"] == antigen
    ]


def is_between(birth, row, prefix, day, grace):
    from_age, before_age = row[f"{prefix}_from"], row[f"{prefix}_before"]
    return not (from_age and day + grace < day_at(birth, from_age)) and not (
        before_age and day >= day_at(birth, before_age)
    )


def fits_with_grace(found, rule, valid, dose, grace):
    birth, day = found.pupil.birth, dose.given
    variant = {"M": "male"}.get(found.pupil.gender, "female")
    if found.antigen == "hepatitis_b":
        variant = "engerix_b" if reading.follows_engerix_rule(found.history, found.kept) else "non_engerix_b"
    reference = rule["reference_dose_number"] and valid[int(rule["reference_dose_number"]) - 1].given
    polysaccharides = {
        "mcc": reading.MENINGOCOCCAL_POLYSACCHARIDES_WITH_C, "mcv4": reading.MENINGOCOCCAL_POLYSACCHARIDES,
        "pneumococcal": reading.PNEUMOCOCCAL_POLYSACCHARIDES,
    }  # fmt: skip
    opens, apart = rule["window_opens_birth_years"], rule["polysaccharide_interval_from"]
    return (
        day >= birth
        and rule["variant"] in (None, variant)
        and (rule["current"] is None or dose.agent in rule["current"])
        and (rule["first"] is None or valid[0].agent in rule["first"])
        and is_between(birth, rule, "age", day, grace)
        and (not valid or is_between(birth, rule, "first_dose_age", valid[0].given, grace))
        and (not reference or is_between(birth, rule, "reference_dose_age", reference, grace))
        and not (rule["interval_from"] and day + grace < after(valid[-1].given, rule["interval_from"]))
        and not (
            rule["first_dose_interval_from"] and day + grace < after(valid[0].given, rule["first_dose_interval_from"])
        )
        and not (rule["live_interval_from"] and found.history.follows_live_dose(dose))
        and not (
            apart
            and any(
                earlier < day < after(earlier, apart)
                for earlier in found.history.polysaccharide_dates(polysaccharides[found.antigen])
            )
        )
        and not (opens and day < date(birth.year + int(opens), 9, 1))
    )


def is_up_to_date_with_grace(found, grace):
    for schedule in {rule["schedule"] for rule in rules_of(found.antigen)}:
        valid = []
        for dose in found.kept:
            slot = [
                rule for rule in rules_of(found.antigen)
                if rule["schedule"] == schedule and int(rule["dose_number"]) == len(valid) + 1
            ]  # fmt: skip
            if any(fits_with_grace(found, rule, valid, dose, grace) for rule in slot):
                valid.append(dose)
        if any(
            criterion_holds(found, row, valid, grace)
            for row in seed_rows("up_to_date_rules")
            if row["schedule"] == schedule
        ):
            return True
    return False


def criterion_holds(found, row, valid, grace):
    birth = found.pupil.birth
    if row["antigen"] != found.antigen or row["age"] not in (None, str(found.pupil.age)):
        return False
    if len(valid) < int(row["valid_doses"]):
        return False
    reference = row["reference_dose_number"] and valid[int(row["reference_dose_number"]) - 1].given
    recent = row["recent_dose_number"] and valid[int(row["recent_dose_number"]) - 1].given
    return (
        is_between(birth, row, "first_dose_age", valid[0].given, grace)
        and (not reference or is_between(birth, row, "reference_dose_age", reference, grace))
        and (not recent or after(recent, row["recent_dose_before"]) > found.pupil.assessment_date)
    )
