"""Wrong definitions do not get through: each is shown on a copy of the project whose rule tables were edited."""

import csv

import pytest
from conftest import ROOT, run_dbt

RULE_TABLES = ("path:seeds/annex", "path:seeds/practice", "path:seeds/quality")


def edited(project, table, edit):
    """Lets edit change the rows of a table of seeds/annex, a list of dicts, and writes them again."""
    file = project / "seeds" / "annex" / f"{table}.csv"
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    header = list(rows[0])
    edit(rows)
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def changed(project, table, where, **values):
    def edit(rows):
        found = [row for row in rows if where.items() <= row.items()]
        assert found
        for row in found:
            row.update(values)

    edited(project, table, edit)


def line_of(table, rule_id):
    lines = (ROOT / "seeds" / "annex" / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    (line,) = (number for number, line in enumerate(lines, 1) if line.startswith(f"{rule_id},"))
    return line


def build_rule_tables(tmp_path, project=ROOT, school_year=2018):
    """The rule tables with the tests that read nothing else."""
    return run_dbt(
        "build", "--indirect-selection", "cautious", "--select", *RULE_TABLES, "--vars", f"school_year: {school_year}",
        warehouse=tmp_path / "rules.duckdb", project=project,
    )


@pytest.mark.parametrize("school_year", [2013, 2018, 2025])
def test_the_rule_tables_pass_their_tests_in_every_year_that_they_hold_for(tmp_path, school_year):
    build = build_rule_tables(tmp_path, school_year=school_year)
    assert build.returncode == 0, build.output
    assert "Found in the rule tables" not in build.output


def test_a_rule_that_does_not_say_what_its_sentence_says_is_named_with_file_line_column_and_value(project_copy, tmp_path):
    changed(project_copy, "dose_rules", {"rule_id": "PER-2"}, interval_from="28 months")
    changed(project_copy, "dose_rules", {"rule_id": "POL-2"}, interval_from="28days")
    changed(project_copy, "dose_rules", {"rule_id": "TET-5a"}, interval_from="4 years")
    changed(project_copy, "dose_rules", {"rule_id": "DIP-6c"}, reference_dose_number="5")
    changed(project_copy, "up_to_date_rules", {"rule_id": "DIP-UTD-7a"}, valid_doses="3")
    changed(project_copy, "up_to_date_rules", {"rule_id": "DIP-UTD-7b"}, valid_doses="5")
    changed(project_copy, "up_to_date_rules", {"rule_id": "DIP-UTD-17e"}, recent_dose_number="2")
    changed(project_copy, "assessed_antigens", {"antigen": "hib"}, antigen="hip")
    changed(project_copy, "exemption_reasons", {"exemption_type": "nonmedical"}, exemption_type="other")
    changed(project_copy, "dose_rule_agents", {"rule_id": "HEP-3-1b"}, agent="HAHBB")
    changed(project_copy, "agents", {"agent": "D"}, description="")
    build = build_rule_tables(tmp_path, project_copy)
    assert build.returncode != 0
    for sentence in (
        f"dose_rules.csv, line {line_of('dose_rules', 'PER-2')}: rule_id 'PER-2', interval_from '28 months' does not stand in",
        f"dose_rules.csv, line {line_of('dose_rules', 'POL-2')}: interval_from '28days' is no whole number of days",
        "rule_id 'TET-5a', interval_from '4 years' does not stand in",
        "rule_id 'DIP-6c', reference_dose_number '5' does not stand in",
        "up_to_date_rules.csv, line 2: rule_id 'DIP-UTD-7a', valid_doses '3' does not stand in the annex_text \"≥5 valid",
        "up_to_date_rules.csv, line 3: rule_id 'DIP-UTD-7b', valid_doses '5' does not stand in the annex_text \"Four valid",
        "rule_id 'DIP-UTD-17e', recent_dose_number '2' does not stand in",
        "seeds/annex/assessed_antigens.csv, line 3: antigen 'hip' does not stand in antigen of",
        "seeds/annex/exemption_reasons.csv, line 3: exemption_type 'other' is none of medical, nonmedical,",
        "agent 'HAHBB' is no agent of seeds/annex/agents.csv.",
        "seeds/annex/agents.csv, line 5: description is empty.",
    ):
        assert sentence in build.output, f"{sentence}\n{build.output}"


def test_rules_that_end_while_what_needs_them_goes_on_are_named(project_copy, tmp_path):
    changed(project_copy, "dose_rules", {"schedule": "three_plus_one"}, school_year_before="2018")
    changed(project_copy, "dose_rules", {"antigen": "hpv", "schedule": "two_dose", "variant": "male"}, school_year_before="2018")
    changed(project_copy, "up_to_date_rules", {"rule_id": "PNE-UTD-c"}, school_year_before="2018")
    changed(project_copy, "exemption_labels", {"antigen": "mumps"}, is_exemption_label="false")
    build = build_rule_tables(tmp_path, project_copy)
    assert build.returncode != 0
    for sentence in (
        "rule_id 'PNE-UTD-a', schedule 'three_plus_one', valid_doses '4' asks for more doses than dose_rules.csv has rules for"
        " in the school year 2018: dose_number up to 0.",
        "rule_id 'HPV-UTD-b', schedule 'two_dose', valid_doses '2' asks for more doses than dose_rules.csv has rules for in the"
        " school year 2018: variant male, dose_number up to 0.",
        "antigen 'pneumococcal', schedule 'two_dose' has dose rules, but no row of up_to_date_rules.csv",
        "antigen 'mumps', age '7' has is_exemption_applicable, but no row of exemption_labels.csv",
        "antigen 'mumps', age '17' has is_exemption_applicable, but no row of exemption_labels.csv",
    ):
        assert sentence in build.output, f"{sentence}\n{build.output}"
    assert build_rule_tables(tmp_path, project_copy, school_year=2017).output.count("asks for more doses") == 0
