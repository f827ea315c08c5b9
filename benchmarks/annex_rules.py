"""What the peers share with the warehouse: the rule tables of seeds/annex as Python values, and the school year's days.

They share none of the warehouse's SQL.
"""

import csv
import re
from collections import defaultdict
from datetime import date
from functools import cache
from pathlib import Path

ANNEX = Path(__file__).resolve().parents[1] / "seeds" / "annex"

SCHOOL_YEAR = 2018
FIRST_DAY = date(SCHOOL_YEAR, 9, 1)
ATTENDANCE_DATE = date(SCHOOL_YEAR + 1, 6, 30)
ASSESSMENT_DATE = date(SCHOOL_YEAR + 1, 8, 31)
AGES = range(7, 18)

DECISIONS = ("single_record", "attended_june_30", "age_appropriate_school", "longest_attendance", "tie_break")
DROPPED = (
    "no_school_id", "unknown_school", "holding_school", "school_type_other", "not_a_phu",
    "school_type_conflicts_with_age", "outside_school_year",
)
# In the order of precedence if several apply.
REASONS = (
    "same_day_duplicate", "agent_not_in_schedule", "extra_dose", "before_birth", "too_young", "too_old",
    "outside_window", "live_vaccine_interaction", "polysaccharide_interaction", "interval_too_short",
)
PERIODS = (
    "age_from", "age_before", "first_dose_age_from", "first_dose_age_before", "reference_dose_age_from",
    "reference_dose_age_before", "interval_from", "first_dose_interval_from", "live_interval_from",
    "polysaccharide_interval_from", "recent_dose_before",
)
NUMBERS = (
    "age", "dose_number", "valid_doses", "criterion_number", "reference_dose_number", "recent_dose_number",
    "window_opens_birth_years", "same_day_rank", "priority",
)


def label(text: str) -> str:
    """The form in which agents, exemption antigens, reasons, school types and PHU names are compared."""
    return re.sub(r"[\s\-\u2010-\u2015\u2212]+", "-", text.strip().lower())


def period(text: str) -> dict[str, int]:
    """'168 days' as {'days': 168}; months and years are calendar."""
    number, unit = text.split()
    return {unit if unit.endswith("s") else f"{unit}s": int(number)}


@cache
def table(name: str) -> list[dict]:
    """The rows of a rule table that hold in the school year, as Python values; empty cells are None."""
    rows = []
    with (ANNEX / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            year_from, year_before = row.get("school_year_from"), row.get("school_year_before")
            if (year_from and int(year_from) > SCHOOL_YEAR) or (year_before and int(year_before) <= SCHOOL_YEAR):
                continue
            rows.append({column: value_of(column, text) for column, text in row.items()})
    return rows


def value_of(column: str, text: str):
    if text == "":
        return None
    if column in PERIODS and " " in text:
        return period(text)
    if column in NUMBERS or (column in PERIODS and text.isdigit()):
        return int(text)
    return {"true": True, "false": False}.get(text, text)


def agents_by_label() -> dict[str, list[str]]:
    """The one or two agents of the annex that an alias means; any other label means itself."""
    agents = defaultdict(list)
    for row in table("agent_aliases"):
        agents[label(row["alias"])].append(label(row["agent"]))
    return agents


def phu_by_label() -> dict[str, str]:
    """The year's unit by name; the name of a merged unit means the unit that it became."""
    of_the_year = set(phu_ids())
    meant = {phu_id: phu_id for phu_id in of_the_year}
    mergers = table("public_health_unit_mergers")
    meant |= {row["phu_id"]: row["merged_into"] for row in mergers if row["merged_into"] in of_the_year}
    with (ANNEX / "public_health_units.csv").open(encoding="utf-8", newline="") as file:
        names = [(row["phu_name"], row["phu_id"]) for row in csv.DictReader(file)]
    names += [(row["alias"], row["phu_id"]) for row in table("public_health_unit_aliases")]
    return {label(name): meant[phu_id] for name, phu_id in names if phu_id in meant}


def phu_ids() -> list[str]:
    return [row["phu_id"] for row in table("public_health_units")]


def phu_names() -> dict[str, str]:
    return {row["phu_id"]: row["phu_name"] for row in table("public_health_units")}


def school_type_priorities() -> list[dict]:
    """One row per school type (its label) and age; priority None where the type conflicts with the age."""
    return [
        {"school_type": label(row["school_type"]), "age": age, "priority": row["priority"]}
        for row in table("school_type_priorities")
        for age in range(row["age_from"], row["age_before"])
    ]


def assessed() -> dict[str, list[dict]]:
    """By antigen, the ages at which it is assessed."""
    found = defaultdict(list)
    for row in table("assessed_antigens"):
        found[row["antigen"]].append(row)
    return found


def of_antigen(name: str, antigen: str) -> list[dict]:
    return [row for row in table(name) if row["antigen"] == antigen]


def agents_of(antigen: str, kind: str) -> dict[str, dict]:
    """The agents of an antigen by label: `is_relevant`, `is_live` or `is_polysaccharide` ones, with their rows."""
    return {label(row["agent"]): row for row in of_antigen("antigen_agents", antigen) if row[kind]}


def dose_rules(antigen: str) -> dict[str, dict[int, list[dict]]]:
    """By schedule and slot, the rules of which one must be met; each with the agents that it names for the current
    dose and for the first (None if it takes any relevant agent)."""
    named = defaultdict(lambda: {"current": None, "first": None})
    for row in table("dose_rule_agents"):
        agents = named[row["rule_id"]]
        agents[row["dose"]] = [*(agents[row["dose"]] or []), label(row["agent"])]
    found = defaultdict(lambda: defaultdict(list))
    for rule in of_antigen("dose_rules", antigen):
        found[rule["schedule"]][rule["dose_number"]].append(rule | {"agents": named[rule["rule_id"]]})
    return found


def schedule_agents(slots: dict[int, list[dict]]) -> dict[str | None, set[str]]:
    """By variant, the only agents that a schedule names; empty if it takes any relevant agent."""
    named = defaultdict(set)
    for rule in (rule for alternatives in slots.values() for rule in alternatives):
        if rule["agents"]["current"]:
            named[rule["variant"]].update(rule["agents"]["current"])
    return named


def exemption_labels(kind: str) -> list[tuple[str, str]]:
    """(antigen, label) of the exemption antigens that are `is_immunity_label` or `is_exemption_label`."""
    return [(row["antigen"], label(row["exemption_antigen"])) for row in table("exemption_labels") if row[kind]]


def reason_types() -> dict[str, str]:
    return {label(row["reason"]): row["exemption_type"] for row in table("exemption_reasons")}
