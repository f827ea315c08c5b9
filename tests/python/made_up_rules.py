"""Rows of rule tables for an antigen and for a full cohort that the annex does not have."""

import csv
import json
from pathlib import Path

ANTIGEN = "rotavirus"
AGENTS = ("Rota-X", "Rota-Y")
LABEL = "Rotavirus (Rota)"
COHORT = "14"
AGES = ("7", COHORT)
STATEMENTS = {
    "Ages assessed": "7 and 14 years old",
    "Relevant vaccines": "Rota-X, Rota-Y",
    "Vaccine interactions": "None",
    "Multiple vaccines on the same day": "Keep any one",
    "Valid dose definitions": "Received relevant immunizing agent in accordance with the following criteria",
    "Evidence of immunity": "Not applicable",
    "Exemption antigens": LABEL,
}
NAMES = {
    "en": {"name": "Rotavirus", "plain": "rotavirus", "of": "rotavirus"},
    "fr": {"name": "Rotavirus", "plain": "rotavirus", "of": "contre le rotavirus"},
}

# Two doses: at 42 days or later, and 28 days or later after the first.
OF_ANTIGEN: dict[str, list[dict[str, str]]] = {
    "annex/antigens": [{"antigen": ANTIGEN, "antigen_name": "Rotavirus", "sort_order": "15", "is_in_dtp": "false"}],
    "annex/schedules": [{"antigen": ANTIGEN, "schedule": "series", "sort_order": "1"}],
    "annex/agents": [{"agent": agent, "description": "Rotavirus"} for agent in AGENTS],
    "annex/antigen_agents": [
        {"antigen": ANTIGEN, "agent": agent, "is_relevant": "true", "is_live": "false", "is_polysaccharide": "false",
         "same_day_rank": "1"}
        for agent in AGENTS
    ],
    "annex/antigen_statements": [
        {"rule_id": f"ROT-SAYS-{number}", "antigen": ANTIGEN, "parameter": parameter, "annex_text": text}
        for number, (parameter, text) in enumerate(STATEMENTS.items())
    ],
    "annex/dose_rules": [
        {"rule_id": "ROT-1", "antigen": ANTIGEN, "schedule": "series", "dose_number": "1", "age_from": "42 days",
         "annex_text": "First valid dose — Received at ≥42 days old"},
        {"rule_id": "ROT-2", "antigen": ANTIGEN, "schedule": "series", "dose_number": "2", "interval_from": "28 days",
         "annex_text": "Second valid dose — Received ≥28 days after first valid dose"},
    ],
    "annex/up_to_date_rules": [
        {"rule_id": "ROT-UTD", "antigen": ANTIGEN, "criterion_number": "1", "schedule": "series", "valid_doses": "2",
         "annex_text": "≥2 valid doses"},
    ],
    "annex/assessed_antigens": [
        {"antigen": ANTIGEN, "age": age, "is_in_all_ispa_coverage": "false", "is_exemption_applicable": "true",
         "has_series_uptake": "true"}
        for age in AGES
    ],
    "annex/coverage_goals": [
        {"antigen": ANTIGEN, "age": age, "goal_percent": "50", "category_2_from": "35", "category_3_from": "40",
         "category_4_from": "45", "category_5_from": "50"}
        for age in AGES
    ],
    "annex/exemption_labels": [
        {"antigen": ANTIGEN, "exemption_antigen": LABEL, "is_immunity_label": "false", "is_exemption_label": "true"}
    ],
    "practice/next_dose_agents": [{"agent": AGENTS[0], "offered_from": "42 days", "sort_order": "17"}],
    "practice/recommended_ages": [
        {"antigen": ANTIGEN, "schedule": "series", "dose_number": number, "age_from": f"{months} months",
         "age_before": f"{months + 1} months", "recommended_at": f"{months} months"}
        for number, months in (("1", 2), ("2", 4))
    ],
    "practice/birthday_doses": [
        {"age": "7", "birthday": birthday, "antigen": ANTIGEN, "valid_doses": "2", "source": "made up"}
        for birthday in ("2", "7")
    ],
}  # fmt: skip


def rows_of(seeds: Path, table: str) -> list[dict[str, str]]:
    with (seeds / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rewrite(seeds: Path, table: str, rows: list[dict[str, str]]) -> None:
    file = seeds / f"{table}.csv"
    header = file.read_text(encoding="utf-8").splitlines()[0].split(",")
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def add_antigen(seeds: Path, texts: Path) -> None:
    """Its rows, and its name in each language."""
    for table, rows in OF_ANTIGEN.items():
        rewrite(seeds, table, rows_of(seeds, table) + rows)
    for language, names in NAMES.items():
        file = texts / f"{language}.yml"
        text = file.read_text(encoding="utf-8")
        assert "\nantigens:\n" in text
        line = f"  {ANTIGEN}: {json.dumps(names, ensure_ascii=False)}\n"
        file.write_text(text.replace("\nantigens:\n", f"\nantigens:\n{line}"), encoding="utf-8")


def add_cohort(seeds: Path) -> None:
    """At 14, the antigens of 17 as they are assessed there, by the criteria of 7 where ages have their own."""
    assessed = rows_of(seeds, "annex/assessed_antigens")
    of_17 = [row for row in assessed if row["age"] == "17" and not row["gender"]]
    added = {row["antigen"] for row in of_17}
    kept = [row for row in assessed if not (row["age"] == COHORT and row["antigen"] in added)]
    rewrite(seeds, "annex/assessed_antigens", kept + [row | {"age": COHORT} for row in of_17])

    rules = rows_of(seeds, "annex/up_to_date_rules")
    of_7 = [row for row in rules if row["age"] == "7" and row["antigen"] in added]
    copies = [row | {"age": COHORT, "rule_id": row["rule_id"].replace("UTD-7", "UTD-14")} for row in of_7]
    rewrite(seeds, "annex/up_to_date_rules", rules + copies)

    goals = rows_of(seeds, "annex/coverage_goals")
    of_17 = [row for row in goals if row["age"] == "17" and row["antigen"] in added]
    rewrite(seeds, "annex/coverage_goals", goals + [row | {"age": COHORT} for row in of_17])
