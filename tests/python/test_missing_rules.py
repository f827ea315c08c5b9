"""An antigen or a full cohort of which a piece is missing: the check names the piece and where to add it."""

import shutil
from pathlib import Path

import made_up_rules
import pytest
from conftest import ROOT
from made_up_rules import ANTIGEN, COHORT, OF_ANTIGEN, rewrite, rows_of

from immunization_coverage.rules.check import problems_of_rules
from immunization_coverage.rules.missing import optional_pieces


@pytest.fixture
def rules(tmp_path: Path) -> tuple[Path, Path]:
    """The rule tables and the report's texts, with an antigen and a cohort more."""
    seeds, texts = tmp_path / "seeds", tmp_path / "texts"
    shutil.copytree(ROOT / "seeds", seeds, ignore=shutil.ignore_patterns("extracts"))
    shutil.copytree(ROOT / "report" / "texts", texts)
    made_up_rules.add_antigen(seeds, texts)
    made_up_rules.add_cohort(seeds)
    return seeds, texts


def without(seeds: Path, table: str, **values: str) -> None:
    rows = rows_of(seeds, table)
    kept = [row for row in rows if not values.items() <= row.items()]
    assert len(kept) < len(rows)
    rewrite(seeds, table, kept)


def test_an_antigen_and_a_cohort_with_all_pieces_are_complete(rules):
    assert problems_of_rules(*rules) == []
    assert not [sentence for sentence in optional_pieces(*rules) if ANTIGEN in sentence]


OF_TABLES = {
    "annex/antigens": " has no row in seeds/annex/antigens.csv, but is named in antigen_agents.csv, antigen_statem",
    "annex/schedules": " has no schedules in seeds/annex/schedules.csv: add a row, series if there is one only.",
    "annex/agents": " has the agent Rota-X, which has no row in seeds/annex/agents.csv: add it there.",
    "annex/antigen_agents": " has no relevant agents in seeds/annex/antigen_agents.csv: add a row for each, is_rel",
    "annex/antigen_statements": " has no statements in seeds/annex/antigen_statements.csv: add the annex's words for",
    "annex/dose_rules": " has no dose rules in seeds/annex/dose_rules.csv: add a row for each slot.",
    "annex/up_to_date_rules": " has no up-to-date rules in seeds/annex/up_to_date_rules.csv: add a row for each cri",
    "annex/assessed_antigens": " is assessed at no age in seeds/annex/assessed_antigens.csv: add a row for each age.",
    "annex/exemption_labels": " has no exemption labels in seeds/annex/exemption_labels.csv: add those of its exempt",
    "practice/next_dose_agents": " has no agent in seeds/practice/next_dose_agents.csv: add one of its relevant agents",
    "practice/recommended_ages": " has no recommended ages in seeds/practice/recommended_ages.csv: add a row for each",
    "practice/birthday_doses": " at 7 has no doses by birthday 2 in seeds/practice/birthday_doses.csv: add a row, as",
}  # fmt: skip


@pytest.mark.parametrize("table", OF_TABLES)
def test_each_table_that_lacks_the_antigen_is_named(rules, table):
    rows, added = rows_of(rules[0], table), OF_ANTIGEN[table]
    rewrite(rules[0], table, [row for row in rows if not any(one.items() <= row.items() for one in added)])
    problems = problems_of_rules(*rules)
    assert problems[0].startswith(f"{ANTIGEN}{OF_TABLES[table]}"), problems
    # What follows from a missing piece is not said beside it.
    assert len(problems) == (2 if table in ("annex/agents", "practice/birthday_doses") else 1), problems


def test_goals_are_optional_and_named(rules):
    without(rules[0], "annex/coverage_goals", antigen=ANTIGEN)
    assert problems_of_rules(*rules) == []
    sentence = f"{ANTIGEN} has no goal in seeds/annex/coverage_goals.csv: its maps have no categories."
    assert sentence in optional_pieces(*rules)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_language_without_the_antigens_name_is_named(rules, language):
    file = rules[1] / f"{language}.yml"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith(f"  {ANTIGEN}:")), encoding="utf-8")
    assert problems_of_rules(*rules) == [
        f"{ANTIGEN} has no text in report/texts/{language}.yml: add it under antigens, as name, plain, of."
    ]


def test_one_statement_schedule_or_criterion_that_is_missing_is_named(rules):
    seeds = rules[0]
    without(seeds, "annex/antigen_statements", antigen=ANTIGEN, parameter="Vaccine interactions")
    without(seeds, "annex/up_to_date_rules", antigen="pneumococcal", schedule="two_dose")
    without(seeds, "annex/dose_rules", antigen="hepatitis_b", schedule="three_dose")
    of_dose_rules, of_criteria, of_statements = problems_of_rules(*rules)
    assert of_dose_rules.startswith("hepatitis_b has no dose rules of its schedule three_dose in seeds/annex/dose_")
    assert of_criteria.startswith("pneumococcal has no up-to-date rules of its schedule two_dose in seeds/annex/up_to_")
    assert of_statements.startswith(f"{ANTIGEN} has no statement Vaccine interactions in seeds/annex/antigen_sta")


def test_a_full_cohort_without_criteria_says_for_which_antigens(rules):
    without(rules[0], "annex/up_to_date_rules", age=COHORT)
    assert problems_of_rules(*rules) == [
        f"{antigen} at 14 has no up-to-date rules in seeds/annex/up_to_date_rules.csv: add a row for each criterion, "
        "age empty if it is every age's."
        for antigen in ("diphtheria", "pertussis", "tetanus")
    ]


def test_what_only_some_tables_need_of_a_full_cohort_is_optional_and_named(rules):
    seeds = rules[0]
    columns = ("is_in_all_ispa_coverage", "is_exemption_applicable", "has_series_uptake")
    rows = rows_of(seeds, "annex/assessed_antigens")
    for row in rows:
        if row["age"] == COHORT:
            row.update(dict.fromkeys(columns, "false"))
    rewrite(seeds, "annex/assessed_antigens", rows)
    without(seeds, "annex/coverage_goals", age=COHORT)
    assert problems_of_rules(*rules) == []
    said = [sentence for sentence in optional_pieces(*rules) if sentence.startswith(f"age {COHORT} ")]
    goals = [sentence for sentence in said if "no goal in seeds/annex/coverage_goals.csv for" in sentence]
    others = [sentence for sentence in said if sentence not in goals]
    # Twice: fewer antigens are assessed at the age in the school years before 2018-19.
    assert len(goals) == 2 and all("diphtheria, " in sentence and "tetanus" in sentence for sentence in goals)
    assert [sentence.partition(": ")[0] for sentence in others] == [
        *(f"age {COHORT} has no antigen with {column} in seeds/annex/assessed_antigens.csv" for column in columns),
        f"age {COHORT} has no rows in seeds/practice/birthday_doses.csv",
    ]


def test_years_for_which_a_piece_is_missing_are_named(rules):
    rows = rows_of(rules[0], "annex/dose_rules")
    for row in rows:
        if row["antigen"] == ANTIGEN:
            row["school_year_before"] = "2024"
    rewrite(rules[0], "annex/dose_rules", rows)
    assert problems_of_rules(*rules) == [
        f"{ANTIGEN} has no dose rules in seeds/annex/dose_rules.csv: add a row for each slot. This applies to the "
        "school years 2024, 2025."
    ]
