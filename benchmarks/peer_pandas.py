#!/usr/bin/env python3
"""The measures of the coverage report in pandas, by hand: extracts in, one Parquet file per measure out.

    peer_pandas.py EXTRACTS FOLDER [--rows]

With --rows also every row behind them: the students, their antigens and exemptions, and in the folder `doses`, a file
per antigen and schedule, each dose with its verdict.

Vectorised throughout: repeated texts are categories and worked on once per spelling, students are whole numbers, and an
antigen's slots are filled for all students at a time. Prints the seconds of each step as JSON.
"""

import argparse
import json
import time
from pathlib import Path

import annex_rules as rules
import numpy as np
import pandas as pd

FIRST_DAY, ATTENDANCE_DATE, ASSESSMENT_DATE = (
    pd.Timestamp(day) for day in (rules.FIRST_DAY, rules.ATTENDANCE_DATE, rules.ASSESSMENT_DATE)
)
EXEMPTION_COUNTS = {"students_medical": "medical", "students_nonmedical": "nonmedical"}


# Reading and cleaning


def read(folder: Path, name: str, columns: list[str], categories: list[str] = ()) -> pd.DataFrame:
    path = folder / name if (folder / name).is_dir() else folder / f"{name}.parquet"
    return pd.read_parquet(path, columns=columns, read_dictionary=list(categories))


def trimmed(texts: pd.Series) -> pd.Series:
    texts = texts.str.strip()
    return texts.where(texts != "")


def once_per_spelling(texts: pd.Series, function, dtype) -> np.ndarray:
    """A function of each text of a categorical column, called once per spelling; missing where the text is."""
    spellings = [function(text) for text in texts.cat.categories]
    return pd.array([*spellings, None], dtype=dtype).take(texts.cat.codes.to_numpy())


def label_or_none(text: str) -> str | None:
    return rules.label(text) or None


def dates(texts: pd.Series) -> pd.Series:
    """2013-08-20, 2013 AUG 20 and Aug 20, 2013; anything else is missing."""
    spellings = pd.Series(texts.cat.categories, dtype="str").str.strip()
    iso = spellings.str.extract(r"^(\d{4}-\d{1,2}-\d{1,2})(?:[ T]00:00(?::00(?:\.0+)?)?)?$")[0]
    parsed = pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce")
    others = {r"^\d{4} [A-Za-z]{3} \d{1,2}$": "%Y %b %d", r"^[A-Za-z]{3} \d{1,2}, \d{4}$": "%b %d, %Y"}
    for pattern, layout in others.items():
        found = spellings.where(spellings.str.contains(pattern))
        parsed = parsed.fillna(pd.to_datetime(found, format=layout, errors="coerce"))
    days = np.append(parsed.to_numpy("datetime64[s]"), np.datetime64("NaT", "s"))
    return pd.Series(days[texts.cat.codes.to_numpy()], index=texts.index)


def repeated(text: str, count: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.zeros(count, "int8"), [text])


def first_of_each_id(rows: pd.DataFrame, id_column: str) -> pd.DataFrame:
    """The first row of each id by file order; rows without an id are all kept."""
    return rows[rows[id_column].isna() | ~rows[id_column].duplicated()]


def read_clients(folder: Path) -> pd.DataFrame:
    clients = read(folder, "clients", ["client_id", "date_of_birth", "gender", "client_status"],
                   ["date_of_birth", "gender", "client_status"])
    clients["client_id"] = trimmed(clients["client_id"])
    clients = first_of_each_id(clients, "client_id")
    is_active = once_per_spelling(clients["client_status"], lambda text: text.strip() == "Active", "boolean")
    clients = clients.assign(
        date_of_birth=dates(clients["date_of_birth"]),
        gender=once_per_spelling(clients["gender"], lambda text: text.strip() or None, "str"),
        is_active=is_active.fillna(False),
    )
    clients["age"] = rules.SCHOOL_YEAR - clients["date_of_birth"].dt.year
    is_selected = clients["is_active"] & clients["client_id"].notna() & clients["age"].isin(rules.AGES)
    return clients.loc[is_selected, ["client_id", "date_of_birth", "gender", "age"]].astype({"age": "int8"})


def read_schools(folder: Path) -> pd.DataFrame:
    schools = read(folder, "schools", ["school_id", "school_name", "school_type", "public_health_unit"])
    schools = schools.assign(school_id=trimmed(schools["school_id"])).dropna(subset="school_id")
    schools = first_of_each_id(schools, "school_id")
    return pd.DataFrame({
        "school_id": schools["school_id"],
        "is_holding": schools["school_name"].str.lower().str.contains("holding").fillna(False).astype(bool),
        "school_type": schools["school_type"].map(label_or_none, na_action="ignore"),
        "phu_id": schools["public_health_unit"].map(rules.label, na_action="ignore").map(rules.phu_by_label()),
    })


def read_education_records(folder: Path) -> pd.DataFrame:
    texts = ["client_id", "school_id", "effective_from", "effective_to"]
    records = read(folder, "education_records", ["education_record_id", *texts], texts[1:])
    records["education_record_id"] = trimmed(records["education_record_id"])
    records = first_of_each_id(records, "education_record_id")
    return records.assign(
        client_id=trimmed(records["client_id"]),
        school_id=once_per_spelling(records["school_id"], lambda text: text.strip() or None, "str"),
        effective_from=dates(records["effective_from"]),
        effective_to=dates(records["effective_to"]),
    )


# Students


def classify_records(records: pd.DataFrame, clients: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    priorities = pd.DataFrame(rules.school_type_priorities()).assign(is_named=True)
    records = (
        records.merge(clients[["client_id", "age"]], on="client_id")
        .merge(schools.assign(is_known=True), on="school_id", how="left")
        .merge(priorities, on=["school_type", "age"], how="left")
    )
    is_conflict = records["is_named"].eq(True) & records["priority"].isna()
    starts, ends = records["effective_from"], records["effective_to"]
    reasons = {
        "no_school_id": records["school_id"].isna(),
        "unknown_school": records["is_known"].isna(),
        "holding_school": records["is_holding"].eq(True),
        "school_type_other": records["school_type"] == "other",
        "not_a_phu": records["phu_id"].isna(),
        "school_type_conflicts_with_age": is_conflict,
        "outside_school_year": (starts > ASSESSMENT_DATE) | (ends < FIRST_DAY),
    }
    days = (ends.fillna(ASSESSMENT_DATE).clip(upper=ASSESSMENT_DATE)
            - starts.fillna(FIRST_DAY).clip(lower=FIRST_DAY)).dt.days + 1
    return records.assign(
        dropped=np.select([reason.to_numpy(bool) for reason in reasons.values()], list(reasons), default=""),
        priority=records["priority"].fillna(3),
        attends_june_30=(starts.isna() | (starts <= ATTENDANCE_DATE)) & (ends.isna() | (ends >= ATTENDANCE_DATE)),
        days=days.clip(lower=0).where(~(starts > ends), 0),
    )


def choose_records(usable: pd.DataFrame) -> pd.DataFrame:
    """The record chosen for each client, and the step that decided: records are sorted by the steps' preferences."""
    ranked = usable.sort_values(
        ["client_id", "attends_june_30", "priority", "days", "effective_from", "education_record_id"],
        ascending=[True, False, True, False, False, True],
    )
    chosen = ranked.drop_duplicates("client_id").set_index("client_id")
    chosen["records"] = ranked.groupby("client_id").size()
    several = ranked[ranked["client_id"].duplicated(keep=False)]
    left = pd.Series(True, index=several.index)
    decisions = pd.Series("tie_break", index=chosen.index)
    steps = {"attends_june_30": "attended_june_30", "priority": "age_appropriate_school", "days": "longest_attendance"}
    is_decided = pd.Series(False, index=chosen.index)
    for column, decision in steps.items():
        best = chosen[column].reindex(several["client_id"]).to_numpy()
        left &= several[column].to_numpy() == best
        records_left = several.loc[left, "client_id"].value_counts()
        alone = records_left.index[records_left == 1]
        decisions[alone] = decisions[alone].where(is_decided[alone], decision)
        is_decided[alone] = True
    chosen["decision"] = decisions.where(chosen["records"] > 1, "single_record")
    return chosen.reset_index()


def assign_students(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The students, numbered from 0, and the counts of how their schools were found."""
    clients = read_clients(folder)
    records = classify_records(read_education_records(folder), clients, read_schools(folder))
    chosen = choose_records(records[records["dropped"] == ""])
    students = clients.merge(
        chosen[["client_id", "phu_id", "education_record_id", "decision", "records"]], on="client_id"
    )

    decisions = students.groupby(["age", "decision"]).agg(students=("age", "size"), records=("records", "sum"))
    decisions = decisions.reindex(pd.MultiIndex.from_product([rules.AGES, rules.DECISIONS]), fill_value=0)
    dropped = records.groupby(["age", "dropped"]).size()
    dropped = dropped.reindex(pd.MultiIndex.from_product([rules.AGES, rules.DROPPED]), fill_value=0)
    kinds = {"decision": decisions, "dropped": dropped.to_frame("records")}
    assignment = pd.concat(kinds, names=["kind", "age", "name"])
    return students, assignment.reset_index().astype({"students": "Int64"})


# Doses


def read_doses(folder: Path, students: pd.DataFrame) -> pd.DataFrame:
    """The dated doses of students up to the assessment date, in order of student and day."""
    texts = ["client_id", "agent", "administered_date", "trade_name"]
    doses = read(folder, "immunizations", ["immunization_id", *texts], texts)
    doses["immunization_id"] = trimmed(doses["immunization_id"])
    is_first = doses["immunization_id"].isna() | ~doses["immunization_id"].duplicated()
    student_of = pd.Index(students["client_id"]).get_indexer(doses["client_id"].cat.categories.str.strip())
    doses = doses.assign(
        student=np.append(student_of, -1)[doses["client_id"].cat.codes].astype("int32"),
        date=dates(doses["administered_date"]),
        agent=pd.Categorical(once_per_spelling(doses["agent"], label_or_none, "str")),
    )
    is_counted = is_first & (doses["student"] >= 0) & (doses["date"] <= ASSESSMENT_DATE) & doses["agent"].notna()
    doses = doses.loc[is_counted, ["student", "date", "agent", "immunization_id", "trade_name"]]
    return doses.sort_values(["student", "date"], ignore_index=True)


class Doses:
    """All doses, and the selection of each antigen's."""

    def __init__(self, doses: pd.DataFrame, students: pd.DataFrame) -> None:
        self.doses = doses
        self.students = students
        aliases = rules.agents_by_label()
        self.agents = [aliases.get(agent, [agent]) for agent in doses["agent"].cat.categories]
        self.turning_days = {}

    def turns(self, age: dict[str, int], student: pd.Series) -> np.ndarray:
        """The day on which each dose's student reaches an age."""
        key = tuple(age.items())
        if key not in self.turning_days:
            self.turning_days[key] = (self.students["date_of_birth"] + pd.DateOffset(**age)).to_numpy()
        return self.turning_days[key][student]

    def of(self, agents: dict[str, dict], is_assessed: np.ndarray) -> pd.DataFrame:
        """The doses of some agents and students; `agent` is the annex's name, not an alias."""
        resolved = [next((agent for agent in names if agent in agents), None) for names in self.agents]
        codes = self.doses["agent"].cat.codes.to_numpy()
        is_wanted = np.array([agent is not None for agent in resolved])[codes] & is_assessed[self.doses["student"]]
        wanted = self.doses[is_wanted]
        return wanted.assign(agent=pd.array(resolved, dtype="str").take(codes[is_wanted]))

    def relevant(self, antigen: str, is_assessed: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        """One dose per student and day, with the latest earlier live and polysaccharide day if rules ask for it;
        and the other doses of those days."""
        agents = rules.agents_of(antigen, "is_relevant")
        doses = self.of(agents, is_assessed)
        for agent, row in agents.items():
            if row["excluded_gender"]:
                gender = self.students["gender"].to_numpy()[doses["student"]]
                doses = doses[(doses["agent"] != agent) | (gender != row["excluded_gender"])]
        doses, duplicates = one_per_day(doses, {agent: row["same_day_rank"] for agent, row in agents.items()})
        live, polysaccharide = (rules.agents_of(antigen, kind) for kind in ("is_live", "is_polysaccharide"))
        if live:
            days = self.of(live, is_assessed).drop_duplicates(["student", "date"])[["student", "date"]]
            days["preceding_live"] = days.groupby("student")["date"].shift()
            doses = doses.merge(days, on=["student", "date"], how="left")
        if polysaccharide:
            [age_from] = {row["polysaccharide_age_from"] for row in polysaccharide.values()}
            days = self.of(polysaccharide, is_assessed)
            days = days[days["date"] >= self.turns(rules.period(age_from), days["student"])]
            doses = pd.merge_asof(
                doses.sort_values("date"),
                days[["student", "date"]].assign(preceding_polysaccharide=days["date"]).sort_values("date"),
                on="date", by="student", allow_exact_matches=False,
            ).sort_values(["student", "date"])
        return doses.reset_index(drop=True), duplicates


def one_per_day(doses: pd.DataFrame, ranks: dict[str, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The dose that each day keeps, by its agent's rank, then its id; and the others."""
    day = ["student", "date"]
    several = doses[doses.duplicated(day, keep=False)]
    several = several.assign(rank=several["agent"].map(ranks)).sort_values([*day, "rank", "immunization_id"])
    is_other = doses.index.isin(several.index[several.duplicated(day)])
    return doses[~is_other], doses[is_other]


# Valid doses


def applies(rule: dict, doses: pd.DataFrame, turns) -> pd.Series:
    """Whether one rule of a slot is for each dose: its agent, and the student's valid doses before it (`dose_1` …)."""
    met = pd.Series(True, index=doses.index)
    if rule["variant"]:
        met &= doses["variant"] == rule["variant"]
    for prefix, dose in (("first_dose", 1), ("reference_dose", rule["reference_dose_number"])):
        if rule[f"{prefix}_age_from"]:
            met &= doses[f"dose_{dose}"] >= turns(rule[f"{prefix}_age_from"], doses["student"])
        if rule[f"{prefix}_age_before"]:
            met &= doses[f"dose_{dose}"] < turns(rule[f"{prefix}_age_before"], doses["student"])
    if rule["agents"]["current"]:
        met &= doses["agent"].isin(rule["agents"]["current"])
    if rule["agents"]["first"]:
        met &= doses["first_agent"].isin(rule["agents"]["first"])
    return met


def demands(rule: dict, doses: pd.DataFrame, number: int, turns) -> dict[str, pd.Series]:
    """Whether each dose meets the conditions of one rule of a slot, by the reason of a refusal."""
    student, date = doses["student"], doses["date"]
    met = {}
    if rule["age_from"]:
        met["too_young"] = date >= turns(rule["age_from"], student)
    if rule["age_before"]:
        met["too_old"] = date < turns(rule["age_before"], student)
    if rule["window_opens_birth_years"]:
        birth_year = turns({"days": 0}, student).astype("datetime64[Y]")
        opens = (birth_year + rule["window_opens_birth_years"]).astype("datetime64[M]") + 8
        met["outside_window"] = date >= opens.astype("datetime64[s]")
    for kind, reason in (("live", "live_vaccine_interaction"), ("polysaccharide", "polysaccharide_interaction")):
        if rule[f"{kind}_interval_from"]:
            preceding = doses[f"preceding_{kind}"]
            met[reason] = preceding.isna() | (date >= preceding + pd.DateOffset(**rule[f"{kind}_interval_from"]))
    intervals = {"interval_from": f"dose_{number - 1}", "first_dose_interval_from": "dose_1"}
    far_enough = [date >= doses[dose] + pd.DateOffset(**rule[name]) for name, dose in intervals.items() if rule[name]]
    if far_enough:
        met["interval_too_short"] = np.logical_and.reduce(far_enough)
    return met


def meets(rule: dict, doses: pd.DataFrame, number: int, turns) -> pd.Series:
    return np.logical_and.reduce([applies(rule, doses, turns), *demands(rule, doses, number, turns).values()])


def refusals(doses: pd.DataFrame, slots: dict[int, list[dict]], number: int, turns) -> np.ndarray:
    """Why each dose does not fill a slot, by its place in REASONS: the first reason that any rule for it gives."""
    fails = {reason: np.zeros(len(doses), bool) for reason in rules.REASONS}
    for variant, agents in rules.schedule_agents(slots).items():
        is_variant = doses["variant"] == variant if variant else True
        fails["agent_not_in_schedule"] |= is_variant & ~doses["agent"].isin(agents)
    fails["extra_dose"][:] = True
    fails["before_birth"] |= doses["date"] < turns({"days": 0}, doses["student"])
    for rule in slots.get(number, []):
        is_for_dose = applies(rule, doses, turns)
        fails["extra_dose"] &= ~is_for_dose
        for reason, met in demands(rule, doses, number, turns).items():
            fails[reason] |= is_for_dose & ~met
    return np.select(list(fails.values()), range(len(fails)))


class Verdicts:
    """One schedule's verdict on each dose: the slot that it fills, or the place in REASONS of why it fills none.

    A dose that is never tried is a duplicate."""

    def __init__(self, count: int) -> None:
        self.numbers = np.zeros(count, "int8")
        self.reasons = np.full(count, rules.REASONS.index("same_day_duplicate"), "int8")

    def accept(self, doses: pd.DataFrame, number: int) -> None:
        self.numbers[doses.index], self.reasons[doses.index] = number, -1

    def columns(self) -> dict:
        is_valid = self.numbers > 0
        return {
            "is_valid": is_valid,
            "dose_number": pd.arrays.IntegerArray(self.numbers, ~is_valid),
            "reason": pd.Categorical.from_codes(self.reasons, rules.REASONS),
        }


def fill_slots(
    doses: pd.DataFrame, slots: dict[int, list[dict]], turns, verdicts: Verdicts | None = None
) -> pd.DataFrame:
    """By student, the dates of the valid doses: each slot takes the earliest later dose that meets any of its rules.
    Verdicts, if asked for, are noted by the doses' index."""
    filled = []
    for number in sorted(slots):
        is_valid = np.logical_or.reduce([meets(rule, doses, number, turns) for rule in slots[number]])
        valid = doses[is_valid].drop_duplicates("student").set_index("student")
        filled.append(valid["date"].rename(f"dose_{number}"))
        if number == 1:
            doses = doses.assign(first_agent=valid["agent"].reindex(doses["student"]).to_numpy())
        slot = valid["date"].reindex(doses["student"]).to_numpy()
        if verdicts:
            verdicts.accept(doses[doses["date"] == slot], number)
            refused = doses[~(doses["date"] >= slot)]
            verdicts.reasons[refused.index] = refusals(refused, slots, number, turns)
        doses = doses.assign(**{f"dose_{number}": slot})
        doses = doses[doses["date"] > slot]
    if verdicts:
        verdicts.reasons[doses.index] = refusals(doses, slots, number + 1, turns)
    return pd.concat(filled, axis=1)


def variants(antigen: str, doses: pd.DataFrame, students: pd.DataFrame, turns) -> pd.DataFrame:
    """The variants of rules by student: HPV by gender, hepatitis B by the agents given at 11 years or later."""
    if antigen == "hpv":
        is_male = students["gender"].to_numpy()[doses["student"]] == "M"
        return doses.assign(variant=np.where(is_male, "male", "female"))
    if antigen == "hepatitis_b":
        letters = doses["trade_name"].astype("str").str.lower().str.replace(r"[^a-z]", "", regex=True)
        is_engerix = doses["agent"].isin(["hb", "hb-unspecified"]) & letters.str.contains("engerix").fillna(False)
        is_late = doses["date"] >= turns({"years": 11}, doses["student"])
        all_engerix = is_engerix[is_late].groupby(doses["student"][is_late]).all()
        is_engerix_student = doses["student"].isin(all_engerix.index[all_engerix])
        return doses.assign(variant=np.where(is_engerix_student, "engerix_b", "non_engerix_b"))
    return doses


def meets_criterion(criterion: dict, series: pd.DataFrame, students: pd.DataFrame, turns) -> pd.Series:
    student = series.index.to_numpy()
    met = series[f"dose_{criterion['valid_doses']}"].notna()
    if criterion["age"]:
        met &= students["age"].to_numpy()[student] == criterion["age"]
    for prefix, dose in (("first_dose", 1), ("reference_dose", criterion["reference_dose_number"])):
        if criterion[f"{prefix}_age_from"]:
            met &= series[f"dose_{dose}"] >= turns(criterion[f"{prefix}_age_from"], student)
        if criterion[f"{prefix}_age_before"]:
            met &= series[f"dose_{dose}"] < turns(criterion[f"{prefix}_age_before"], student)
    if criterion["recent_dose_before"]:
        recent = series[f"dose_{criterion['recent_dose_number']}"]
        met &= recent + pd.DateOffset(**criterion["recent_dose_before"]) > ASSESSMENT_DATE
    return met


def assess(
    antigen: str, doses: Doses, students: pd.DataFrame, immune: np.ndarray, doses_folder: Path | None = None
) -> pd.DataFrame:
    """The students whom an antigen is assessed for, with their valid doses and measures. If a folder is given, every
    dose is written there with its verdict, a file per schedule."""
    is_assessed = np.zeros(len(students), bool)
    for row in rules.assessed()[antigen]:
        has_gender = (students["gender"] == row["gender"]) if row["gender"] else True
        is_assessed |= ((students["age"] == row["age"]) & has_gender).to_numpy()
    relevant, duplicates = doses.relevant(antigen, is_assessed)
    relevant = variants(antigen, relevant, students, doses.turns)
    valid_doses, up_to_date = np.zeros(len(students), "int8"), np.zeros(len(students), bool)
    criteria = rules.of_antigen("up_to_date_rules", antigen)
    if doses_folder:
        every_dose = contract_doses(antigen, relevant, duplicates, students)
    for schedule, slots in rules.dose_rules(antigen).items():
        verdicts = Verdicts(len(every_dose)) if doses_folder else None
        series = fill_slots(relevant, slots, doses.turns, verdicts)
        valid_doses[series.index] = np.maximum(valid_doses[series.index], series.count(axis=1))
        for criterion in criteria:
            if criterion["schedule"] == schedule:
                met = meets_criterion(criterion, series, students, doses.turns)
                up_to_date[met.index[met]] = True
        if doses_folder:
            rows = every_dose.assign(schedule=repeated(schedule, len(every_dose)), **verdicts.columns())
            rows.to_parquet(doses_folder / f"{antigen}_{schedule}.parquet", index=False)
    has_any = np.zeros(len(students), bool)
    has_any[relevant["student"]] = True
    return students[["phu_id", "age", "gender"]].assign(
        antigen=antigen,
        valid_doses=valid_doses,
        has_any_dose=has_any,
        has_valid_dose=valid_doses > 0,
        is_up_to_date_by_doses=up_to_date,
        has_evidence_of_immunity=immune,
        is_up_to_date=up_to_date | immune,
    )[is_assessed]


def contract_doses(
    antigen: str, relevant: pd.DataFrame, duplicates: pd.DataFrame, students: pd.DataFrame
) -> pd.DataFrame:
    """The contract's columns of each dose that do not depend on the schedule; relevant doses keep their places."""
    columns = ["student", "immunization_id", "date"]
    doses = pd.concat([relevant[columns], duplicates[columns]], ignore_index=True)
    return pd.DataFrame({
        "client_id": students["client_id"].array.take(doses["student"]),
        "antigen": repeated(antigen, len(doses)),
        "immunization_id": doses["immunization_id"],
        "administered_date": doses["date"].astype("date32[pyarrow]"),
    })


# Exemptions


def read_exemptions(folder: Path, students: pd.DataFrame) -> pd.DataFrame:
    texts = ["antigen", "reason", "effective_from", "effective_to"]
    exemptions = read(folder, "exemptions", ["exemption_id", "client_id", *texts], texts)
    exemptions = first_of_each_id(exemptions.assign(exemption_id=trimmed(exemptions["exemption_id"])), "exemption_id")
    types = rules.reason_types()
    exemptions = exemptions.assign(
        student=pd.Index(students["client_id"]).get_indexer(trimmed(exemptions["client_id"])),
        label=once_per_spelling(exemptions["antigen"], rules.label, "str"),
        type=once_per_spelling(exemptions["reason"], lambda text: types.get(rules.label(text)), "str"),
        effective_from=dates(exemptions["effective_from"]),
        effective_to=dates(exemptions["effective_to"]),
    )
    return exemptions[exemptions["student"] >= 0].drop(columns="antigen")


def immune_students(exemptions: pd.DataFrame, count: int) -> dict[str, np.ndarray]:
    labels = pd.DataFrame(rules.exemption_labels("is_immunity_label"), columns=["antigen", "label"])
    evidence = exemptions[
        (exemptions["type"] == "evidence_of_immunity") & (exemptions["effective_from"] <= ASSESSMENT_DATE)
    ].merge(labels, on="label")
    immune = {antigen: np.zeros(count, bool) for antigen in rules.assessed()}
    for antigen, students in evidence.groupby("antigen")["student"]:
        immune[antigen][students] = True
    return immune


def student_exemptions(exemptions: pd.DataFrame, students: pd.DataFrame) -> pd.DataFrame:
    labels = pd.DataFrame(rules.exemption_labels("is_exemption_label"), columns=["antigen", "label"])
    starts, ends = exemptions["effective_from"], exemptions["effective_to"]
    effective = exemptions[~(starts > ASSESSMENT_DATE) & ~(ends < FIRST_DAY)].merge(labels, on="label")
    effective = effective.assign(medical=effective["type"] == "medical", nonmedical=effective["type"] == "nonmedical")
    exempt = effective.groupby(["student", "antigen"])[["medical", "nonmedical"]].any()
    applicable = pd.DataFrame(
        [(row["antigen"], row["age"]) for row in rules.table("assessed_antigens") if row["is_exemption_applicable"]],
        columns=["antigen", "age"],
    ).astype({"age": "int8"})
    found = students[["phu_id", "age"]].rename_axis("student").reset_index().merge(applicable, on="age")
    found = found.merge(exempt.reset_index(), on=["student", "antigen"], how="left")
    return found.fillna({"medical": False, "nonmedical": False}).astype({"medical": bool, "nonmedical": bool})


# Measures


def counted(rows: pd.DataFrame, keys: list[str], frame: list[tuple], counts: dict[str, str]) -> pd.DataFrame:
    """Students and their counts by place and key; every PHU and the province have each key of the frame."""
    by_phu = rows.groupby(["phu_id", *keys]).agg(
        students=("age", "size"), **{name: (column, "sum") for name, column in counts.items()}
    )
    all_keys = [(phu, *key) for phu in rules.phu_ids() for key in frame]
    by_phu = by_phu.reindex(pd.MultiIndex.from_tuples(all_keys, names=by_phu.index.names), fill_value=0)
    province = by_phu.groupby(keys).sum().reset_index()
    places = pd.concat([
        province.assign(geography="province", phu_id=pd.NA), by_phu.reset_index().assign(geography="phu")
    ])
    return places.astype({"phu_id": "str"})


def series_uptake(assessed: pd.DataFrame) -> pd.DataFrame:
    uptake = [row for row in rules.table("assessed_antigens") if row["has_series_uptake"]]
    rows = assessed[assessed["antigen"].isin({row["antigen"] for row in uptake})]
    rows = rows.assign(is_unimmunized=~rows["has_any_dose"])
    by_gender = pd.concat([rows.assign(gender="all"), rows[rows["gender"].isin(["F", "M"])]])
    frame = [
        (row["age"], row["antigen"], gender)
        for row in uptake
        for gender in ("all", "F", "M")
        if row["gender"] in (None, gender) or gender == "all"
    ]
    counts = {
        "students_initiated": "has_valid_dose",
        "students_completed": "is_up_to_date",
        "students_unimmunized": "is_unimmunized",
    }
    return counted(by_gender, ["age", "antigen", "gender"], frame, counts)


def coverage_all_ispa(assessed: pd.DataFrame) -> pd.DataFrame:
    ispa = pd.DataFrame([row for row in rules.table("assessed_antigens") if row["is_in_all_ispa_coverage"]])
    rows = assessed.rename_axis("student").reset_index().merge(ispa[["antigen", "age"]], on=["antigen", "age"])
    by_student = rows.groupby("student").agg(
        phu_id=("phu_id", "first"), age=("age", "first"), is_up_to_date=("is_up_to_date", "all")
    )
    frame = [(age,) for age in sorted(set(ispa["age"]))]
    return counted(by_student, ["age"], frame, {"students_up_to_date": "is_up_to_date"})


def exemptions_any_ispa(exempt: pd.DataFrame) -> pd.DataFrame:
    ages = sorted({row["age"] for row in rules.table("assessed_antigens") if row["is_in_all_ispa_coverage"]})
    rows = exempt[exempt["age"].isin(ages)].groupby("student").agg(
        phu_id=("phu_id", "first"), age=("age", "first"), medical=("medical", "any"), nonmedical=("nonmedical", "any")
    )
    return counted(rows, ["age"], [(age,) for age in ages], EXEMPTION_COUNTS)


# Rows


def write_rows(students: pd.DataFrame, assessed: pd.DataFrame, exempt: pd.DataFrame, folder: Path) -> None:
    """The students, their antigens and their exemptions; the doses are written antigen by antigen."""
    tables = {
        "students": students[["client_id", "age", "education_record_id"]].assign(
            phu_name=students["phu_id"].map(rules.phu_names()), assignment_decision=students["decision"]
        ),
        "student_antigens": assessed.drop(columns=["phu_id", "gender"]).assign(
            client_id=students["client_id"].array.take(assessed.index)
        ),
        "student_exemptions": exempt[["age", "antigen"]].assign(
            client_id=students["client_id"].array.take(exempt["student"]),
            has_medical_exemption=exempt["medical"],
            has_nonmedical_exemption=exempt["nonmedical"],
        ),
    }
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def main(extracts: Path, folder: Path, rows: bool = False) -> None:
    seconds, started = {}, time.perf_counter()

    def step(name: str) -> None:
        seconds[name] = time.perf_counter() - started - sum(seconds.values())

    doses_folder = folder / "doses" if rows else None
    (doses_folder or folder).mkdir(parents=True, exist_ok=True)
    students, school_assignment = assign_students(extracts)
    step("students")
    exemptions = read_exemptions(extracts, students)
    immune = immune_students(exemptions, len(students))
    exempt = student_exemptions(exemptions, students)
    step("exemptions")
    doses = Doses(read_doses(extracts, students), students)
    step("read doses")
    assessed = []
    for antigen in rules.assessed():
        assessed.append(assess(antigen, doses, students, immune[antigen], doses_folder))
        step(antigen)
    assessed = pd.concat(assessed)
    if rows:
        write_rows(students, assessed, exempt, folder)
        step("rows")

    assessed_rows = rules.table("assessed_antigens")
    frame = [(row["age"], row["antigen"]) for row in assessed_rows]
    exemption_frame = [(row["age"], row["antigen"]) for row in assessed_rows if row["is_exemption_applicable"]]
    measures = {
        "coverage": counted(assessed, ["age", "antigen"], frame, {"students_up_to_date": "is_up_to_date"}),
        "coverage_all_ispa": coverage_all_ispa(assessed),
        "series_uptake": series_uptake(assessed),
        "exemptions": counted(exempt, ["age", "antigen"], exemption_frame, EXEMPTION_COUNTS),
        "exemptions_any_ispa": exemptions_any_ispa(exempt),
        "school_assignment": school_assignment,
    }
    for name, measure in measures.items():
        measure.to_parquet(folder / f"{name}.parquet", index=False)
    step("measures")
    print(json.dumps(seconds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The measures of the coverage report in pandas.")
    parser.add_argument("extracts", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", action="store_true", help="also every student, antigen, exemption and dose")
    main(**vars(parser.parse_args()))
