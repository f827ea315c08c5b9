"""What differs from the school year before, in sentences: definitions (`antigen_definitions`) and health units."""

from __future__ import annotations

import re

from immunization_coverage.report.language import Language, first_upper, sort_key
from immunization_coverage.report.warehouse import Warehouse

# Statements whose definition is a list, behind words that say of what.
LISTS = ("Relevant vaccines", "Vaccine interactions", "Evidence of immunity", "Exemption antigens")
COUNTED = {"all-ISPA coverage": "all_ispa", "exemptions": "exemptions", "series": "series"}


def changes(warehouse: Warehouse, language: Language) -> str:
    before = warehouse.definitions["school_year_before"]
    if before is None:
        return language("methods.changes.unknown")
    year_before = language.school_year(before)
    found = [*unit_sentences(warehouse, language), *definition_sentences(warehouse, language)]
    if not found:
        return language("methods.changes.none", year_before=year_before)
    return " ".join([language("methods.changes.lead", year_before=year_before), *(f"{first_upper(s)}." for s in found)])


def unit_sentences(warehouse: Warehouse, language: Language) -> list[str]:
    return [
        language(
            "methods.changes.unit",
            unit=language.phu({"phu_id": phu["phu_id"], "phu_name": phu["phu_name"]}, "name"),
            parts=language.joined([language.phu(part, "name") for part in warehouse.new_units[phu["phu_id"]]]),
        )
        for phu in warehouse.phus
        if warehouse.new_units.get(phu["phu_id"])
    ]


def definition_sentences(warehouse: Warehouse, language: Language) -> list[str]:
    """The same change of several antigens is one sentence."""
    found: dict[tuple, list[str]] = {}
    changed = [row for row in warehouse.antigen_definitions if row.get("change")]
    for row in sorted(changed, key=lambda row: sort_key(language.antigen(row["antigen"], "plain"))):
        for change in changes_of(row, language):
            found.setdefault(change, []).append(language.antigen(row["antigen"], "plain"))
    ordered = sorted(found.items(), key=lambda change: list(language.entries("methods.changes")).index(change[0][0]))
    return [
        language(f"methods.changes.{key}", what=what, antigens=language.joined(list(dict.fromkeys(antigens))))
        for (key, what), antigens in ordered
    ]


def changes_of(row: dict, language: Language) -> list[tuple[str, str]]:
    """Each change of a rule: the sentence that it makes, and what it is about."""
    if row["parameter"] == "Ages assessed":
        return changes_of_ages(row, language)
    if row["parameter"] in LISTS and row["change"] == "changed":
        now, before = (items(row[column]) for column in ("definition", "definition_before"))
        parameter = language(f"methods.parameters.{row['parameter']}")
        return [
            (key, language("methods.changes.items", parameter=parameter, items=", ".join(different)))
            for key, different in (("added", missing(now, before)), ("removed", missing(before, now)))
            if different
        ]
    rule = {"rule": row["rule_id"], "before": language.rule(row["definition_before"] or "")}
    rule["now"] = language.rule(row["definition"])
    return [("rule", language(f"methods.changes.rule_{row['change']}", **rule))]


def changes_of_ages(row: dict, language: Language) -> list[tuple[str, str]]:
    now, before = (items(row[column]) for column in ("definition", "definition_before"))
    found = [
        (key, ages_in_words(different, language))
        for key, different in (("assessed", missing(now, before)), ("assessed_no_more", missing(before, now)))
        if different
    ]
    now, before = (items(row[column]) for column in ("also_counted", "also_counted_before"))
    for name, measure in COUNTED.items():
        pattern = re.compile(rf"{name} at (.*)")
        of_now, of_before = ([m[1] for item in of if (m := pattern.fullmatch(item))] for of in (now, before))
        for key, different in (("", missing(of_now, of_before)), ("_no_more", missing(of_before, of_now))):
            # The series of an antigen that is new at an age is new with it.
            if different and measure != "series":
                found.append((f"{measure}{key}", ages_in_words(different, language)))
    return found


def items(text: str | None) -> list[str]:
    """The items of a list, without the words before it."""
    if text is None or text == "None":
        return []
    return re.sub(r"^(Assessed at |[^,]*: )", "", text).split(", ")


def missing(items: list[str], others: list[str]) -> list[str]:
    return [item for item in items if item not in others]


def ages_in_words(ages: list[str], language: Language) -> str:
    """`17`, `8 to 16`, `12 and 17 (girls)`."""
    runs: list[list[int]] = []
    told = []
    for age in ages:
        if one_gender := re.fullmatch(r"(\d+) \((\w+) only\)", age):
            number, gender = one_gender.groups()
            gender = language(f"genders.{gender}").lower()
            told.append(language("methods.changes.one_gender", age=number, gender=gender))
        elif runs and runs[-1][-1] == int(age) - 1:
            runs[-1].append(int(age))
        else:
            runs.append([int(age)])
    spans = []
    for run in runs:
        if len(run) > 2:
            spans.append(language("methods.changes.ages", first=run[0], last=run[-1]))
        else:
            spans += [language("methods.changes.age", age=age) for age in run]
    return language.joined([*spans, *told])
