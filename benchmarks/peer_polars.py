#!/usr/bin/env python3
"""The measures of the coverage report in polars, by hand: extracts in, one Parquet file per measure out.

    peer_polars.py EXTRACTS FOLDER [--rows]

With --rows also every row behind them: the students, their antigens and exemptions, and in the folder `doses`, a file
per antigen, each dose with its verdict on every schedule.

Extracts are read by lazy queries, doses by a streaming one. Agents and days are understood once per spelling, doses
are exploded by antigen in one join, and an antigen's slots are filled for all students at a time. Prints the seconds of
each step as JSON.
"""

import argparse
import json
import time
from pathlib import Path

import annex_rules as rules
import polars as pl

ASSESSED = (
    pl.DataFrame(rules.table("assessed_antigens"), infer_schema_length=None, schema_overrides={"age": pl.Int8})
    .drop("school_year_from", "school_year_before")
    .rename({"gender": "gender_assessed"})
)
ISPA_AGES = ASSESSED.filter("is_in_all_ispa_coverage").select("age").unique()
EXEMPTION_COUNTS = {"students_medical": "medical", "students_nonmedical": "nonmedical"}
REASON = pl.Enum(rules.REASONS)
BLANKS = " \t\n\r\u00a0"


# Reading and cleaning


def scan(folder: Path, name: str, columns: list[str]) -> pl.LazyFrame:
    pattern = folder / name / "*.parquet" if (folder / name).is_dir() else folder / f"{name}.parquet"
    return pl.scan_parquet(pattern).select(columns)


def trimmed(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars(BLANKS)
    return pl.when(text != "").then(text).alias(column)


def label(column: str) -> pl.Expr:
    separators = r"[\s\p{Z}\-\x{2010}-\x{2015}\x{2212}]+"
    text = pl.col(column).str.to_lowercase().str.strip_chars().str.replace_all(separators, "-")
    return pl.when(text != "").then(text)


def date(column: str) -> pl.Expr:
    """2013-08-20, 2013 AUG 20 and Aug 20, 2013; anything else is missing."""
    text = pl.col(column).str.strip_chars(BLANKS)
    iso = text.str.extract(r"^(\d{4}-\d{1,2}-\d{1,2})(?:[ T]00:00(?::00(?:\.0+)?)?)?$")
    year_first = text.str.extract(r"^(\d{4} [A-Za-z]{3} \d{1,2})$")
    month_first = text.str.extract(r"^([A-Za-z]{3} \d{1,2}, \d{4})$")
    return pl.coalesce(
        iso.str.to_date("%Y-%m-%d", strict=False),
        year_first.str.to_date("%Y %b %d", strict=False),
        month_first.str.to_date("%b %d, %Y", strict=False),
    ).alias(column)


def first_of_each_id(column: str) -> pl.Expr:
    """The first row of each id by file order; rows without an id are all kept."""
    return pl.col(column).is_null() | pl.col(column).is_first_distinct()


def read_clients(folder: Path) -> pl.DataFrame:
    columns = ["client_id", "date_of_birth", "gender", "client_status"]
    clients = scan(folder, "clients", columns).with_columns(trimmed("client_id"))
    return (
        clients.filter(first_of_each_id("client_id"))
        .filter(trimmed("client_status") == "Active", pl.col("client_id").is_not_null())
        .select("client_id", date("date_of_birth"), trimmed("gender"))
        .with_columns((rules.SCHOOL_YEAR - pl.col("date_of_birth").dt.year()).cast(pl.Int8).alias("age"))
        .filter(pl.col("age").is_between(rules.AGES[0], rules.AGES[-1]))
        .collect()
    )


def read_schools(folder: Path) -> pl.LazyFrame:
    units = pl.LazyFrame(list(rules.phu_by_label().items()), schema=["unit", "phu_id"], orient="row")
    return (
        scan(folder, "schools", ["school_id", "school_name", "school_type", "public_health_unit"])
        .with_columns(trimmed("school_id"))
        .filter(pl.col("school_id").is_not_null() & pl.col("school_id").is_first_distinct())
        .select(
            "school_id",
            pl.col("school_name").str.to_lowercase().str.contains("holding").fill_null(False).alias("is_holding"),
            label("school_type").alias("school_type"),
            label("public_health_unit").alias("unit"),
            pl.lit(True).alias("is_known"),
        )
        .join(units, on="unit", how="left")
    )


def read_education_records(folder: Path) -> pl.LazyFrame:
    columns = ["education_record_id", "client_id", "school_id", "effective_from", "effective_to"]
    return (
        scan(folder, "education_records", columns)
        .with_columns(trimmed("education_record_id"), trimmed("client_id"), trimmed("school_id"))
        .filter(first_of_each_id("education_record_id"))
        .with_columns(date("effective_from"), date("effective_to"))
    )


# Students


def classify_records(folder: Path, clients: pl.DataFrame) -> pl.LazyFrame:
    priorities = pl.LazyFrame(rules.school_type_priorities(), schema_overrides={"age": pl.Int8})
    priorities = priorities.with_columns(pl.lit(True).alias("is_named"))
    starts, ends = pl.col("effective_from"), pl.col("effective_to")
    days = (
        ends.fill_null(rules.ASSESSMENT_DATE).clip(upper_bound=rules.ASSESSMENT_DATE)
        - starts.fill_null(rules.FIRST_DAY).clip(lower_bound=rules.FIRST_DAY)
    ).dt.total_days() + 1
    reasons = {
        "no_school_id": pl.col("school_id").is_null(),
        "unknown_school": pl.col("is_known").is_null(),
        "holding_school": pl.col("is_holding"),
        "school_type_other": pl.col("school_type") == "other",
        "not_a_phu": pl.col("phu_id").is_null(),
        "school_type_conflicts_with_age": pl.col("is_named") & pl.col("priority").is_null(),
        "outside_school_year": (starts > rules.ASSESSMENT_DATE) | (ends < rules.FIRST_DAY),
    }
    dropped = pl.coalesce(pl.when(reason).then(pl.lit(name)) for name, reason in reasons.items())
    return (
        read_education_records(folder)
        .join(clients.lazy().select("client_id", "age"), on="client_id")
        .join(read_schools(folder), on="school_id", how="left")
        .join(priorities, on=["school_type", "age"], how="left")
        .select(
            "education_record_id", "client_id", "age", "phu_id", "effective_from",
            dropped.alias("dropped"),
            pl.col("priority").fill_null(3),
            ((starts <= rules.ATTENDANCE_DATE).fill_null(True) & (ends >= rules.ATTENDANCE_DATE).fill_null(True))
            .alias("attends_june_30"),
            pl.when(starts > ends).then(0).otherwise(days.clip(lower_bound=0)).alias("days"),
        )
    )


def choose_records(usable: pl.LazyFrame) -> pl.LazyFrame:
    """The record chosen for each client, and the step that decided: records are sorted by the steps' preferences."""
    ranked = usable.sort(
        ["client_id", "attends_june_30", "priority", "days", "effective_from", "education_record_id"],
        descending=[False, True, False, True, True, False],
        nulls_last=True,
    )
    columns = ["attends_june_30", "priority", "days"]
    ties = [
        pl.all_horizontal(pl.col(column) == pl.col(column).first() for column in columns[: number + 1]).sum()
        for number in range(len(columns))
    ]
    by_client = ranked.group_by("client_id", maintain_order=True).agg(
        pl.col("phu_id", "education_record_id").first(), pl.len().alias("records"),
        *(tie.alias(f"left_{n}") for n, tie in enumerate(ties))
    )
    decision = (
        pl.when(pl.col("records") == 1).then(pl.lit("single_record"))
        .when(pl.col("left_0") == 1).then(pl.lit("attended_june_30"))
        .when(pl.col("left_1") == 1).then(pl.lit("age_appropriate_school"))
        .when(pl.col("left_2") == 1).then(pl.lit("longest_attendance"))
        .otherwise(pl.lit("tie_break"))
    )
    return by_client.select("client_id", "phu_id", "education_record_id", "records", decision.alias("decision"))


def assign_students(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The students, numbered, and the counts of how their schools were found."""
    clients = read_clients(folder)
    records = classify_records(folder, clients).collect()
    chosen = choose_records(records.lazy().filter(pl.col("dropped").is_null())).collect()
    students = clients.join(chosen, on="client_id").with_row_index("student")

    names = [("decision", name) for name in rules.DECISIONS] + [("dropped", name) for name in rules.DROPPED]
    frame = pl.DataFrame(
        [(age, *name) for age in rules.AGES for name in names],
        schema={"age": pl.Int8, "kind": pl.String, "name": pl.String}, orient="row",
    )
    decisions = students.group_by("age", kind=pl.lit("decision"), name="decision").agg(
        students=pl.len(), records=pl.col("records").sum()
    )
    dropped = records.drop_nulls("dropped").group_by("age", kind=pl.lit("dropped"), name="dropped")
    dropped = dropped.agg(records=pl.len())
    found = pl.concat([decisions, dropped], how="diagonal_relaxed")
    assignment = frame.join(found, on=["age", "kind", "name"], how="left").with_columns(
        students=pl.when(pl.col("kind") == "decision").then(pl.col("students").fill_null(0)),
        records=pl.col("records").fill_null(0),
    )
    return students, assignment


# Doses


def antigen_agents() -> pl.DataFrame:
    """By antigen and label (aliases too), the annex's agent and its role for the antigen."""
    written = {}
    for alias, agents in rules.agents_by_label().items():
        for agent in agents:
            written.setdefault(agent, []).append(alias)
    aliases = set(rules.agents_by_label())
    return pl.DataFrame([
        {
            "antigen": row["antigen"],
            "label": spelling,
            "annex_agent": rules.label(row["agent"]),
            "is_relevant": row["is_relevant"],
            "is_live": row["is_live"],
            "is_polysaccharide": row["is_polysaccharide"],
            "rank": row["same_day_rank"],
            "excluded_gender": row["excluded_gender"],
        }
        for row in rules.table("antigen_agents")
        for spelling in [*({rules.label(row["agent"])} - aliases), *written.get(rules.label(row["agent"]), [])]
    ], infer_schema_length=None)


def read_doses(folder: Path, students: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By antigen, the dated doses up to the assessment date of the students whom it is assessed for: those of relevant
    agents, and of the agents that interact with them."""
    columns = ["immunization_id", "client_id", "agent", "administered_date", "trade_name"]
    doses = (
        scan(folder, "immunizations", columns)
        .with_columns(trimmed("immunization_id"), trimmed("client_id"))
        .filter(first_of_each_id("immunization_id"))
    )
    agents = scan(folder, "immunizations", ["agent"]).unique().collect(engine="streaming")
    agents = agents.with_columns(label=label("agent")).drop_nulls()
    days = scan(folder, "immunizations", ["administered_date"]).unique().collect(engine="streaming")
    days = days.with_columns(date=date("administered_date"))
    wanted = (
        antigen_agents().lazy()
        .join(ASSESSED.lazy().select("antigen", "age", "gender_assessed"), on="antigen")
        .join(agents.lazy().select("label", spelling="agent"), on="label")
    )
    exploded = (
        doses.join(students.lazy().select("client_id", "student", "age", "gender", "date_of_birth"), on="client_id")
        .join(days.lazy(), on="administered_date")
        .filter(pl.col("date") <= rules.ASSESSMENT_DATE)
        .drop("administered_date", "client_id")
        .join(wanted, left_on=["agent", "age"], right_on=["spelling", "age"])
        .filter(
            pl.col("gender_assessed").is_null() | (pl.col("gender") == pl.col("gender_assessed")),
            pl.col("excluded_gender").is_null() | pl.col("gender").ne_missing(pl.col("excluded_gender")),
        )
        .drop("agent", "label", "age", "excluded_gender", "gender_assessed")
        .rename({"annex_agent": "agent"})
        .collect(engine="streaming")
    )
    parts = exploded.partition_by("antigen", as_dict=True, include_key=False)
    return {antigen: part for (antigen,), part in parts.items()}


def one_per_day(doses: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The dose that each day keeps, by its agent's rank, then its id; and the others."""
    day = pl.struct("student", "date")
    several = doses.filter(day.is_duplicated()).sort("rank", "immunization_id", nulls_last=True)
    is_first = several.select(day.is_first_distinct()).to_series()
    return pl.concat([doses.filter(day.is_unique()), several.filter(is_first)]), several.filter(~is_first)


def relevant_doses(antigen: str, doses: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One dose per student and day, with the latest earlier live and polysaccharide day if rules ask for it; and the
    other doses of those days."""
    relevant, duplicates = one_per_day(doses.filter("is_relevant"))
    live = doses.filter("is_live")
    if len(live):
        days = live.select("student", "date").unique().sort("student", "date")
        days = days.with_columns(pl.col("date").shift().over("student").alias("preceding_live"))
        relevant = relevant.join(days, on=["student", "date"], how="left")
    if any(row["is_polysaccharide"] for row in rules.of_antigen("antigen_agents", antigen)):
        [age_from] = {row["polysaccharide_age_from"] for row in rules.agents_of(antigen, "is_polysaccharide").values()}
        days = doses.filter("is_polysaccharide", pl.col("date") >= turns(rules.period(age_from)))
        days = days.select("student", "date", pl.col("date").alias("preceding_polysaccharide")).sort("date")
        relevant = relevant.sort("date").join_asof(
            days, on="date", by="student", allow_exact_matches=False, check_sortedness=False
        )
    return relevant, duplicates


# Valid doses


def later(day: pl.Expr, period: dict[str, int]) -> pl.Expr:
    [(unit, number)] = period.items()
    return day.dt.offset_by(f"{number}{ {'days': 'd', 'months': 'mo', 'years': 'y'}[unit] }")


def turns(age: dict[str, int]) -> pl.Expr:
    """The day on which a student reaches an age."""
    return later(pl.col("date_of_birth"), age)


def ages_at_earlier_doses(rule: dict) -> list[pl.Expr]:
    conditions = []
    for prefix, number in (("first_dose", 1), ("reference_dose", rule["reference_dose_number"])):
        if rule[f"{prefix}_age_from"]:
            conditions.append(pl.col(f"dose_{number}") >= turns(rule[f"{prefix}_age_from"]))
        if rule[f"{prefix}_age_before"]:
            conditions.append(pl.col(f"dose_{number}") < turns(rule[f"{prefix}_age_before"]))
    return conditions


def applies(rule: dict) -> pl.Expr:
    """Whether one rule of a slot is for a dose: its agent, and the student's valid doses before it (`dose_1` …)."""
    conditions = [pl.lit(True), *ages_at_earlier_doses(rule)]
    if rule["variant"]:
        conditions.append(pl.col("variant") == rule["variant"])
    for dose, column in (("current", "agent"), ("first", "first_agent")):
        if rule["agents"][dose]:
            conditions.append(pl.col(column).is_in(rule["agents"][dose]))
    return pl.all_horizontal(conditions)


def demands(rule: dict, number: int) -> dict[str, pl.Expr]:
    """Whether a dose meets the conditions of one rule of a slot, by the reason of a refusal."""
    day = pl.col("date")
    met = {}
    if rule["age_from"]:
        met["too_young"] = day >= turns(rule["age_from"])
    if rule["age_before"]:
        met["too_old"] = day < turns(rule["age_before"])
    if rule["window_opens_birth_years"]:
        opens = pl.date(pl.col("date_of_birth").dt.year() + rule["window_opens_birth_years"], 9, 1)
        met["outside_window"] = day >= opens
    for kind, reason in (("live", "live_vaccine_interaction"), ("polysaccharide", "polysaccharide_interaction")):
        if rule[f"{kind}_interval_from"]:
            far_enough = day >= later(pl.col(f"preceding_{kind}"), rule[f"{kind}_interval_from"])
            met[reason] = far_enough.fill_null(True)
    intervals = {"interval_from": f"dose_{number - 1}", "first_dose_interval_from": "dose_1"}
    far_enough = [day >= later(pl.col(dose), rule[name]) for name, dose in intervals.items() if rule[name]]
    if far_enough:
        met["interval_too_short"] = pl.all_horizontal(far_enough)
    return met


def meets(rule: dict, number: int) -> pl.Expr:
    return pl.all_horizontal(applies(rule), *demands(rule, number).values())


def refusal(slots: dict[int, list[dict]], number: int) -> pl.Expr:
    """Why a dose does not fill a slot: the first of REASONS that any rule for it gives."""
    alternatives = slots.get(number, [])
    fails = {reason: [] for reason in rules.REASONS}
    for variant, agents in rules.schedule_agents(slots).items():
        is_variant = pl.col("variant") == variant if variant else pl.lit(True)
        fails["agent_not_in_schedule"].append(is_variant & ~pl.col("agent").is_in(agents))
    fails["extra_dose"] = [~pl.any_horizontal(pl.lit(False), *map(applies, alternatives))]
    fails["before_birth"] = [pl.col("date") < pl.col("date_of_birth")]
    for rule in alternatives:
        for reason, met in demands(rule, number).items():
            fails[reason].append(applies(rule) & ~met)
    return pl.coalesce(
        pl.when(pl.any_horizontal(conditions)).then(pl.lit(reason, dtype=REASON))
        for reason, conditions in fails.items()
        if conditions
    )


def verdicts(doses: pl.DataFrame, dose_number: int | None, reason: pl.Expr) -> pl.DataFrame:
    number = pl.lit(dose_number, dtype=pl.Int8)
    return doses.select("student", "immunization_id", "date", dose_number=number, reason=reason)


def fill_slots(
    doses: pl.DataFrame, slots: dict[int, list[dict]], judged: list[pl.DataFrame] | None = None
) -> pl.DataFrame:
    """By student, the dates of the valid doses: each slot takes the earliest later dose that meets any of its rules.
    If a list is given, every dose is added to it with its verdict."""
    series = None
    for number in sorted(slots):
        valid = doses.filter(pl.any_horizontal(meets(rule, number) for rule in slots[number]))
        first_agent = [pl.col("agent").get(pl.col("date").arg_min()).alias("first_agent")] if number == 1 else []
        valid = valid.group_by("student").agg(
            pl.col("date").min().alias(f"dose_{number}"), pl.col("date_of_birth").first(), *first_agent
        )
        day, slot = pl.col("date"), pl.col(f"dose_{number}")
        doses = doses.join(valid.drop("date_of_birth"), on="student", how="inner" if judged is None else "left")
        if judged is not None:
            refused = doses.filter(slot.is_null() | (day < slot))
            judged.append(verdicts(refused, None, refusal(slots, number)))
            judged.append(verdicts(doses.filter(day == slot), number, pl.lit(None, dtype=REASON)))
        doses = doses.filter(day > slot)
        valid = valid.drop("first_agent", strict=False)
        series = valid if series is None else series.join(valid.drop("date_of_birth"), on="student", how="left")
    if judged is not None:
        judged.append(verdicts(doses, None, refusal(slots, number + 1)))
    return series


def with_variants(antigen: str, doses: pl.DataFrame) -> pl.DataFrame:
    """The variants of rules by student: HPV by gender, hepatitis B by the agents given at 11 years or later."""
    if antigen == "hpv":
        variant = pl.when(pl.col("gender") == "M").then(pl.lit("male")).otherwise(pl.lit("female"))
        return doses.with_columns(variant.alias("variant"))
    if antigen == "hepatitis_b":
        letters = pl.col("trade_name").str.to_lowercase().str.replace_all(r"[^\p{L}]", "")
        is_engerix = pl.col("agent").is_in(["hb", "hb-unspecified"]) & letters.str.contains("engerix").fill_null(False)
        late = doses.filter(pl.col("date") >= turns({"years": 11}))
        engerix = late.group_by("student").agg(is_engerix.all()).rename({"agent": "is_engerix"})
        variant = pl.when(pl.col("is_engerix")).then(pl.lit("engerix_b")).otherwise(pl.lit("non_engerix_b"))
        return doses.join(engerix, on="student", how="left").with_columns(variant.alias("variant"))
    return doses


def meets_criterion(criterion: dict) -> pl.Expr:
    conditions = [pl.col(f"dose_{criterion['valid_doses']}").is_not_null(), *ages_at_earlier_doses(criterion)]
    if criterion["age"]:
        conditions.append(pl.col("date_of_birth").dt.year() == rules.SCHOOL_YEAR - criterion["age"])
    if criterion["recent_dose_before"]:
        recent = pl.col(f"dose_{criterion['recent_dose_number']}")
        conditions.append(later(recent, criterion["recent_dose_before"]) > rules.ASSESSMENT_DATE)
    return pl.all_horizontal(conditions)


def assess(
    antigen: str, doses: pl.DataFrame, students: pl.DataFrame, immune: pl.DataFrame, doses_folder: Path | None = None
) -> pl.DataFrame:
    """The students whom an antigen is assessed for, with their valid doses and measures. If a folder is given, every
    dose is written there with its verdict on every schedule."""
    relevant, duplicates = relevant_doses(antigen, doses)
    relevant = with_variants(antigen, relevant)
    criteria = rules.of_antigen("up_to_date_rules", antigen)
    valid_doses, up_to_date, judged_by_schedule = [], [], {}
    for schedule, slots in rules.dose_rules(antigen).items():
        judged = None
        if doses_folder:
            same_day = pl.lit("same_day_duplicate", dtype=REASON)
            judged = judged_by_schedule[schedule] = [verdicts(duplicates, None, same_day)]
        series = fill_slots(relevant, slots, judged)
        filled = pl.sum_horizontal(pl.col(f"dose_{number}").is_not_null() for number in slots)
        valid_doses.append(series.select("student", filled.cast(pl.Int8).alias("valid_doses")))
        met = [meets_criterion(criterion) for criterion in criteria if criterion["schedule"] == schedule]
        up_to_date.append(series.filter(pl.any_horizontal(met)).select("student"))
    if doses_folder:
        contract_doses(antigen, judged_by_schedule, students).write_parquet(doses_folder / f"{antigen}.parquet")
    valid_doses = pl.concat(valid_doses).group_by("student").agg(pl.col("valid_doses").max())
    immune = immune.filter(pl.col("antigen") == antigen)
    assessed = students.select("student", "phu_id", "age", "gender").join(
        ASSESSED.filter(pl.col("antigen") == antigen), on="age"
    )
    student = pl.col("student")
    return (
        assessed.filter(pl.col("gender_assessed").is_null() | (pl.col("gender") == pl.col("gender_assessed")))
        .join(valid_doses, on="student", how="left")
        .select(
            "student", "phu_id", "age", "gender", "antigen", "is_in_all_ispa_coverage", "has_series_uptake",
            pl.col("valid_doses").fill_null(0),
            student.is_in(relevant["student"].unique().implode()).alias("has_any_dose"),
            student.is_in(pl.concat(up_to_date)["student"].implode()).alias("is_up_to_date_by_doses"),
            student.is_in(immune["student"].implode()).alias("has_evidence_of_immunity"),
        )
        .with_columns(
            has_valid_dose=pl.col("valid_doses") > 0,
            is_up_to_date=pl.col("is_up_to_date_by_doses") | pl.col("has_evidence_of_immunity"),
        )
    )


def contract_doses(antigen: str, judged: dict[str, list[pl.DataFrame]], students: pl.DataFrame) -> pl.DataFrame:
    """The doses judged by each schedule, in the contract's columns."""
    doses = pl.concat([
        verdict.with_columns(schedule=pl.lit(schedule)) for schedule, found in judged.items() for verdict in found
    ])
    return doses.select(
        students["client_id"].gather(doses["student"]),
        "schedule", "immunization_id", "dose_number", "reason",
        antigen=pl.lit(antigen),
        administered_date="date",
        is_valid=pl.col("reason").is_null(),
    )


# Exemptions


def read_exemptions(folder: Path, students: pl.DataFrame) -> pl.DataFrame:
    columns = ["exemption_id", "client_id", "antigen", "reason", "effective_from", "effective_to"]
    types = pl.LazyFrame(list(rules.reason_types().items()), schema=["reason", "type"], orient="row")
    return (
        scan(folder, "exemptions", columns)
        .with_columns(trimmed("exemption_id"), trimmed("client_id"))
        .filter(first_of_each_id("exemption_id"))
        .select(
            "client_id",
            label("antigen").alias("label"),
            label("reason").alias("reason"),
            date("effective_from"),
            date("effective_to"),
        )
        .join(types, on="reason")
        .join(students.lazy().select("client_id", "student"), on="client_id")
        .collect()
    )


def immune_students(exemptions: pl.DataFrame) -> pl.DataFrame:
    labels = pl.DataFrame(rules.exemption_labels("is_immunity_label"), schema=["antigen", "label"], orient="row")
    evidence = exemptions.filter(
        pl.col("type") == "evidence_of_immunity", pl.col("effective_from") <= rules.ASSESSMENT_DATE
    )
    return evidence.join(labels, on="label").select("student", "antigen").unique()


def student_exemptions(exemptions: pl.DataFrame, students: pl.DataFrame) -> pl.DataFrame:
    labels = pl.DataFrame(rules.exemption_labels("is_exemption_label"), schema=["antigen", "label"], orient="row")
    effective = exemptions.filter(
        (pl.col("effective_from") <= rules.ASSESSMENT_DATE).fill_null(True),
        (pl.col("effective_to") >= rules.FIRST_DAY).fill_null(True),
    )
    exempt = effective.join(labels, on="label").group_by("student", "antigen").agg(
        (pl.col("type") == "medical").any().alias("medical"), (pl.col("type") == "nonmedical").any().alias("nonmedical")
    )
    return (
        students.select("student", "phu_id", "age")
        .join(ASSESSED.filter("is_exemption_applicable"), on="age")
        .join(exempt, on=["student", "antigen"], how="left")
        .with_columns(pl.col("medical", "nonmedical").fill_null(False))
    )


# Measures


def counted(rows: pl.DataFrame, frame: pl.DataFrame, counts: dict[str, str]) -> pl.DataFrame:
    """Students and their counts by place and key; every PHU and the province have each key of the frame."""
    keys = frame.columns
    sums = {"students": pl.len(), **{name: pl.col(column).sum() for name, column in counts.items()}}
    by_phu = rows.group_by("phu_id", *keys).agg(**sums)
    units = pl.DataFrame({"phu_id": rules.phu_ids()})
    by_phu = units.join(frame, how="cross").join(by_phu, on=["phu_id", *keys], how="left").fill_null(0)
    province = by_phu.group_by(keys).agg(pl.col(*sums).sum())
    places = [by_phu.with_columns(geography=pl.lit("phu")), province.with_columns(geography=pl.lit("province"))]
    return pl.concat(places, how="diagonal")


def series_uptake(assessed: pl.DataFrame) -> pl.DataFrame:
    rows = assessed.filter("has_series_uptake").with_columns(is_unimmunized=~pl.col("has_any_dose"))
    by_gender = pl.concat([rows.with_columns(gender=pl.lit("all")), rows.filter(pl.col("gender").is_in(["F", "M"]))])
    genders = pl.DataFrame({"gender": ["all", "F", "M"]})
    of_all = pl.col("gender_assessed").is_null() | (pl.col("gender") == "all")
    frame = ASSESSED.filter("has_series_uptake").join(genders, how="cross").filter(
        of_all | (pl.col("gender") == pl.col("gender_assessed"))
    )
    counts = {
        "students_initiated": "has_valid_dose",
        "students_completed": "is_up_to_date",
        "students_unimmunized": "is_unimmunized",
    }
    return counted(by_gender, frame.select("age", "antigen", "gender"), counts)


def coverage_all_ispa(assessed: pl.DataFrame) -> pl.DataFrame:
    rows = assessed.filter("is_in_all_ispa_coverage")
    by_student = rows.group_by("student", "phu_id", "age").agg(pl.col("is_up_to_date").all())
    return counted(by_student, ISPA_AGES, {"students_up_to_date": "is_up_to_date"})


def exemptions_any_ispa(exempt: pl.DataFrame) -> pl.DataFrame:
    by_student = exempt.join(ISPA_AGES, on="age", how="semi").group_by("student", "phu_id", "age").agg(
        pl.col("medical", "nonmedical").any()
    )
    return counted(by_student, ISPA_AGES, EXEMPTION_COUNTS)


# Rows


def write_rows(students: pl.DataFrame, assessed: pl.DataFrame, exempt: pl.DataFrame, folder: Path) -> None:
    """The students, their antigens and their exemptions; the doses are written antigen by antigen."""
    client_id = students["client_id"]
    tables = {
        "students": students.select(
            "client_id", "age", "education_record_id",
            phu_name=pl.col("phu_id").replace_strict(rules.phu_names()),
            assignment_decision="decision",
        ),
        "student_antigens": assessed.select(
            client_id.gather(assessed["student"]),
            "age", "antigen", "valid_doses", "has_any_dose", "has_valid_dose", "is_up_to_date_by_doses",
            "has_evidence_of_immunity", "is_up_to_date",
        ),
        "student_exemptions": exempt.select(
            client_id.gather(exempt["student"]),
            "age", "antigen",
            has_medical_exemption="medical",
            has_nonmedical_exemption="nonmedical",
        ),
    }
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")


def main(extracts: Path, folder: Path, rows: bool = False) -> None:
    seconds, started = {}, time.perf_counter()

    def step(name: str) -> None:
        seconds[name] = time.perf_counter() - started - sum(seconds.values())

    doses_folder = folder / "doses" if rows else None
    (doses_folder or folder).mkdir(parents=True, exist_ok=True)
    students, school_assignment = assign_students(extracts)
    step("students")
    exemptions = read_exemptions(extracts, students)
    immune = immune_students(exemptions)
    exempt = student_exemptions(exemptions, students)
    step("exemptions")
    doses = read_doses(extracts, students)
    step("read doses")
    assessed = []
    for antigen in rules.assessed():
        assessed.append(assess(antigen, doses.pop(antigen), students, immune, doses_folder))
        step(antigen)
    assessed = pl.concat(assessed)
    if rows:
        write_rows(students, assessed, exempt, folder)
        step("rows")

    exemption_frame = ASSESSED.filter("is_exemption_applicable").select("age", "antigen")
    measures = {
        "coverage": counted(assessed, ASSESSED.select("age", "antigen"), {"students_up_to_date": "is_up_to_date"}),
        "coverage_all_ispa": coverage_all_ispa(assessed),
        "series_uptake": series_uptake(assessed),
        "exemptions": counted(exempt, exemption_frame, EXEMPTION_COUNTS),
        "exemptions_any_ispa": exemptions_any_ispa(exempt),
        "school_assignment": school_assignment,
    }
    for name, measure in measures.items():
        measure.write_parquet(folder / f"{name}.parquet")
    step("measures")
    print(json.dumps(seconds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The measures of the coverage report in polars.")
    parser.add_argument("extracts", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", action="store_true", help="also every student, antigen, exemption and dose")
    main(**vars(parser.parse_args()))
