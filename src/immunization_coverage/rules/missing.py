"""What an antigen or a full cohort lacks in the rule tables, a sentence for each missing entry.

An entry that the build needs is missing; one that only some tables need (a goal, doses by a birthday) is optional.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

Row = dict[str, str]

# Rows of each table of Appendix 1 beside its dose rules and criteria; not every antigen has "Exemption antigens".
STATEMENTS = (
    "Ages assessed", "Relevant vaccines", "Vaccine interactions", "Multiple vaccines on the same day",
    "Valid dose definitions", "Evidence of immunity",
)  # fmt: skip
FORMS = ("name", "plain", "of")


def listed(words: list[str]) -> str:
    return ", ".join(words)


@cache
def compared(agent: str) -> str:
    """As agents compare: without regard to case, and to runs of blanks, hyphens and dashes."""
    return re.sub(r"[\s\-\u2010-\u2015\u2212]+", "-", agent.strip().lower())


def is_true(row: Row, column: str) -> bool:
    return row[column].lower() == "true"


@dataclass
class Rules:
    """The rule tables of a folder of seeds, and the report's texts in each language."""

    seeds: Path
    texts_folder: Path
    school_year: int = 0
    tables: dict[str, list[Row]] = field(default_factory=dict)
    in_force: dict[tuple[str, int], list[Row]] = field(default_factory=dict)

    def all_rows(self, table: str) -> list[Row]:
        """Of every school year; `table` has the folder in front, such as `annex/dose_rules`."""
        if table not in self.tables:
            with (self.seeds / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
                self.tables[table] = list(csv.DictReader(file))
        return self.tables[table]

    def rows(self, table: str, **values: str) -> list[Row]:
        """Those that hold in the school year and have these values."""
        key = (table, self.school_year)
        if key not in self.in_force:
            self.in_force[key] = [
                row
                for row in self.all_rows(table)
                if int(row.get("school_year_from") or 0) <= self.school_year
                and self.school_year < int(row.get("school_year_before") or 9999)
            ]
        return [row for row in self.in_force[key] if all(row[name] == value for name, value in values.items())]

    @cached_property
    def texts(self) -> dict[str, Any]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        files = sorted(self.texts_folder.glob("*.yml"))
        return {file.stem: yaml.load(file.read_text(encoding="utf-8"), loader) for file in files}

    @cached_property
    def antigens(self) -> list[str]:
        return [row["antigen"] for row in self.all_rows("annex/antigens")]

    def ages_of(self, antigen: str) -> list[str]:
        return [row["age"] for row in self.rows("annex/assessed_antigens", antigen=antigen)]

    def relevant_agents(self, antigen: str) -> list[str]:
        rows = self.rows("annex/antigen_agents", antigen=antigen)
        return [row["agent"] for row in rows if is_true(row, "is_relevant")]

    def full_cohorts(self) -> dict[str, list[str]]:
        """Ages at which more than one antigen is assessed, with their antigens."""
        found = defaultdict(list)
        for row in self.rows("annex/assessed_antigens"):
            found[row["age"]].append(row["antigen"])
        return {age: antigens for age, antigens in found.items() if len(antigens) > 1}


def missing_of_antigen(rules: Rules, antigen: str) -> Iterator[str]:
    """What the antigen lacks in a school year in which it is assessed."""
    ages = rules.ages_of(antigen)
    if not ages:
        return

    said = {row["parameter"] for row in rules.rows("annex/antigen_statements", antigen=antigen)}
    unsaid = [parameter for parameter in STATEMENTS if parameter not in said]
    if unsaid:
        which = "statements" if not said else f"statement {listed(unsaid)}"
        yield (
            f"{antigen} has no {which} in seeds/annex/antigen_statements.csv: add the annex's words"
            f"{'' if said else ' for ' + listed(unsaid)}"
        )

    agents = rules.relevant_agents(antigen)
    if not agents:
        yield (
            f"{antigen} has no relevant agents in seeds/annex/antigen_agents.csv: add a row for each, is_relevant true"
        )
    known = {compared(row["agent"]) for row in rules.all_rows("annex/agents")}
    for agent in agents:
        if compared(agent) not in known:
            yield f"{antigen} has the agent {agent}, which has no row in seeds/annex/agents.csv: add it there"

    schedules = [row["schedule"] for row in rules.rows("annex/schedules", antigen=antigen)]
    if not schedules:
        yield f"{antigen} has no schedules in seeds/annex/schedules.csv: add a row, series if there is one only"
    for table, what, needed in (
        ("dose_rules", "dose rules", "a row for each slot"),
        ("up_to_date_rules", "up-to-date rules", "a row for each criterion"),
    ):
        of_antigen = rules.rows(f"annex/{table}", antigen=antigen)
        if not of_antigen:
            yield f"{antigen} has no {what} in seeds/annex/{table}.csv: add {needed}"
            continue
        for schedule in schedules:
            if not any(row["schedule"] == schedule for row in of_antigen):
                yield f"{antigen} has no {what} of its schedule {schedule} in seeds/annex/{table}.csv: add {needed}"
    criteria = rules.rows("annex/up_to_date_rules", antigen=antigen)
    for age in ages if criteria else ():
        if not any(row["age"] in ("", age) for row in criteria):
            yield (
                f"{antigen} at {age} has no up-to-date rules in seeds/annex/up_to_date_rules.csv: add a row for each "
                "criterion, age empty if it is every age's"
            )

    assessed = rules.rows("annex/assessed_antigens", antigen=antigen)
    labels = rules.rows("annex/exemption_labels", antigen=antigen)
    if any(is_true(row, "is_exemption_applicable") for row in assessed) and not any(
        is_true(row, "is_exemption_label") for row in labels
    ):
        yield (
            f"{antigen} has no exemption labels in seeds/annex/exemption_labels.csv: add those of its exemption "
            "records, is_exemption_label true; or set is_exemption_applicable to false in assessed_antigens.csv"
        )


def missing_in_practice(rules: Rules, antigen: str) -> Iterator[str]:
    ages = rules.ages_of(antigen)
    if not ages:
        return
    agents = {compared(agent) for agent in rules.relevant_agents(antigen)}
    offered = {compared(row["agent"]) for row in rules.rows("practice/next_dose_agents")}
    if agents and not agents & offered:
        yield (
            f"{antigen} has no agent in seeds/practice/next_dose_agents.csv: add one of its relevant agents, from "
            "which next doses are planned"
        )
    if not rules.rows("practice/recommended_ages", antigen=antigen):
        yield f"{antigen} has no recommended ages in seeds/practice/recommended_ages.csv: add a row for each slot"
    birthdays = {(row["age"], row["birthday"]) for row in rules.rows("practice/birthday_doses")}
    for age, birthday in sorted(birthdays, key=lambda pair: [int(number) for number in pair]):
        if age in ages and not rules.rows("practice/birthday_doses", antigen=antigen, age=age, birthday=birthday):
            yield (
                f"{antigen} at {age} has no doses by birthday {birthday} in seeds/practice/birthday_doses.csv: add a "
                "row, as the age's other antigens have"
            )


def missing_in_texts(rules: Rules, antigen: str) -> Iterator[str]:
    for language, texts in rules.texts.items():
        named = texts["antigens"].get(antigen) or {}
        unnamed = [form for form in FORMS if form not in named]
        if unnamed:
            yield f"{antigen} has no text in report/texts/{language}.yml: add it under antigens, as {listed(unnamed)}"
        for row in rules.rows("annex/schedules", antigen=antigen):
            if row["schedule"] not in texts["explorer"]["values"]:
                yield (
                    f"{antigen} has no text for its schedule {row['schedule']} in report/texts/{language}.yml: add it "
                    "under explorer.values"
                )


def unknown_antigens(rules: Rules) -> Iterator[str]:
    """Antigens that rule tables name and that seeds/annex/antigens.csv lacks."""
    files_of = defaultdict(list)
    for file in sorted(path for folder in ("annex", "practice") for path in (rules.seeds / folder).glob("*.csv")):
        for antigen in dict.fromkeys(row.get("antigen") for row in rules.all_rows(f"{file.parent.name}/{file.stem}")):
            if antigen and antigen not in rules.antigens:
                files_of[antigen].append(file.name)
    for antigen, files in files_of.items():
        yield f"{antigen} has no row in seeds/annex/antigens.csv, but is named in {listed(files)}: add it there"


def optional_of_antigen(rules: Rules, antigen: str) -> Iterator[str]:
    if rules.ages_of(antigen) and not rules.rows("annex/coverage_goals", antigen=antigen):
        yield f"{antigen} has no goal in seeds/annex/coverage_goals.csv: its maps have no categories"


def optional_of_cohort(rules: Rules, age: str, antigens: list[str]) -> Iterator[str]:
    """What only some tables need of an age at which several antigens are assessed."""
    with_goals = {row["antigen"] for row in rules.rows("annex/coverage_goals")}
    at_age = {row["antigen"] for row in rules.rows("annex/coverage_goals", age=age)}
    without = [antigen for antigen in antigens if antigen in with_goals - at_age]
    if without:
        yield (
            f"age {age} has no goal in seeds/annex/coverage_goals.csv for {listed(without)}: "
            "their maps have no categories"
        )
    assessed = rules.rows("annex/assessed_antigens", age=age)
    for column, table in (
        ("is_in_all_ispa_coverage", "marts.coverage_all_ispa has no rows of it"),
        ("is_exemption_applicable", "marts.exemptions has no rows of it"),
        ("has_series_uptake", "marts.series_uptake has no rows of it"),
    ):
        if not any(is_true(row, column) for row in assessed):
            yield f"age {age} has no antigen with {column} in seeds/annex/assessed_antigens.csv: {table}"
    if not rules.rows("practice/birthday_doses", age=age):
        yield (
            f"age {age} has no rows in seeds/practice/birthday_doses.csv: marts.coverage_by_birthday has no rows of it"
        )


def with_years(found: dict[str, list[int]], years: list[int]) -> list[str]:
    """Each sentence once, with the school years if it applies to some of them only."""
    return [
        f"{sentence}."
        if in_years == years
        else f"{sentence}. This applies to the school years {listed([str(year) for year in in_years])}."
        for sentence, in_years in found.items()
    ]


def pieces(rules: Rules, kinds: tuple, of_cohorts: tuple = ()) -> list[str]:
    years = [int(row["first_year"]) for row in rules.all_rows("annex/school_years") if row["first_year"]]
    found: dict[str, list[int]] = defaultdict(list)
    for rules.school_year in years:
        for antigen in rules.antigens:
            for kind in kinds:
                for sentence in kind(rules, antigen):
                    found[sentence].append(rules.school_year)
        for age, antigens in rules.full_cohorts().items():
            for kind in of_cohorts:
                for sentence in kind(rules, age, antigens):
                    found[sentence].append(rules.school_year)
    return with_years(found, years)


def missing_pieces(seeds: Path, texts: Path) -> list[str]:
    """What the build needs and the rule tables lack."""
    rules = Rules(seeds, texts)
    unknown = [f"{sentence}." for sentence in unknown_antigens(rules)]
    assessed = {row["antigen"] for row in rules.all_rows("annex/assessed_antigens")}
    nowhere = [
        f"{antigen} is assessed at no age in seeds/annex/assessed_antigens.csv: add a row for each age."
        for antigen in rules.antigens
        if antigen not in assessed
    ]
    return unknown + nowhere + pieces(rules, (missing_of_antigen, missing_in_practice, missing_in_texts))


def optional_pieces(seeds: Path, texts: Path) -> list[str]:
    """Entries that only some tables need and that are missing, perhaps on purpose."""
    return pieces(Rules(seeds, texts), (optional_of_antigen,), (optional_of_cohort,))
