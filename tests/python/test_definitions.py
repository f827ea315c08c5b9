"""Wrong definitions do not get through: each is shown on a copy of the project whose rule tables were edited."""

import os
import re
import shutil
import subprocess

import duckdb
import pytest
import yaml
from compiled_models import CompiledModels
from conftest import ICW, ONLY_TABLES, ROOT, edit_rules, long, run_dbt

from immunization_coverage.build import builder
from immunization_coverage.rules import check

RULE_TABLES = ("path:seeds/annex", "path:seeds/practice", "path:seeds/quality")


def changed(project, table, where, **values):
    def edit(rows):
        found = [row for row in rows if where.items() <= row.items()]
        assert found
        for row in found:
            row.update(values)

    edit_rules(project, table, edit)


def line_of(table, rule_id):
    lines = (ROOT / "seeds" / "annex" / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    (line,) = (number for number, line in enumerate(lines, 1) if line.startswith(f"{rule_id},"))
    return line


def build_rule_tables(tmp_path, project=ROOT, school_year=2018, *models):
    """The rule tables and the school year, with the tests that read nothing else."""
    return run_dbt(
        "build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious",
        "--select", *RULE_TABLES, "int_school_year", *models,
        *(() if school_year == 2018 else ("--vars", f"school_year: {school_year}")),
        warehouse=tmp_path / "warehouse.duckdb", project=project,
    )


def test_a_row_that_a_test_finds_wrong_is_named_with_file_line_column_and_value(project_copy, tmp_path):
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
    changed(project_copy, "agents", {"agent": "T"}, agent="D")
    changed(project_copy, "coverage_goals", {"antigen": "mumps", "age": "7"}, category_5_from="94")
    build = build_rule_tables(tmp_path, project_copy)
    assert build.returncode != 0
    per_2, pol_2 = line_of("dose_rules", "PER-2"), line_of("dose_rules", "POL-2")
    for sentence in (
        f"dose_rules.csv, line {per_2}: rule_id 'PER-2', interval_from '28 months' is not in the annex_text",
        f"dose_rules.csv, line {pol_2}: interval_from '28days' is not a number of days",
        "rule_id 'TET-5a', interval_from '4 years' is not in",
        "rule_id 'DIP-6c', reference_dose_number '5' is not in",
        "line 2: rule_id 'DIP-UTD-7a', valid_doses '3' is not in the annex_text \"≥5 valid",
        "line 3: rule_id 'DIP-UTD-7b', valid_doses '5' is not in the annex_text \"Four valid",
        "rule_id 'DIP-UTD-17e', recent_dose_number '2' is not in",
        "seeds/annex/assessed_antigens.csv, line 3: antigen 'hip' is not in antigen of antigens.csv.",
        "seeds/annex/exemption_reasons.csv, line 3: exemption_type 'other' is not one of medical, nonmedical,",
        "agent 'HAHBB' is not an agent of seeds/annex/agents.csv.",
        "seeds/annex/agents.csv, line 5: description is empty.",
        "agent 'D' occurs more than once.",
        "seeds/annex/coverage_goals.csv, line 6: antigen 'mumps', age '7', goal_percent '95.0', category_2_from '80.0' "
        "violates the condition: category_5_from = goal_percent.",
    ):
        assert sentence in build.output, f"{sentence}\n{build.output}"


def test_of_a_table_of_persons_a_failed_check_says_which_it_is_and_how_many_rows_but_not_whose(
    demonstration, tmp_path
):
    warehouse = shutil.copy(demonstration.warehouse, tmp_path / demonstration.warehouse.name)
    with duckdb.connect(str(warehouse)) as connection:
        ids = [row[0] for row in connection.execute("select client_id from assessment.students limit 9").fetchall()]
        change = "update assessment.students set {} where client_id = ?"
        connection.execute(change.format("age = 99"), ids[:1])
        connection.execute(change.format("school_id = null"), ids[1:2])
        connection.execute(change.format("phu_id = 'ZZ'"), ids[2:3])
        connection.execute(change.format("assignment_decision = 'by lot'"), ids[3:4])
        connection.execute(change.format(f"client_id = '{ids[5]}'"), ids[4:5])
    test = run_dbt("test", "--select", "students_is_sound", warehouse=warehouse)
    assert test.returncode != 0
    decisions = "single_record, attended_june_30, age_appropriate_school, longest_attendance, tie_break"
    for sentence in (
        "Found in the tables:",
        "assessment.students: school_id is empty (1 row).",
        f"assessment.students: assignment_decision is not one of {decisions} (1 row).",
        "assessment.students: phu_id is not in phu_id of public_health_units.csv (1 row).",
        "assessment.students: a row violates the condition: age between 7 and 17 (1 row).",
        "assessment.students: client_id occurs more than once (1 row).",
        "Got 5 results",
    ):
        assert sentence in test.output, f"{sentence}\n{test.output}"
    assert not any(client_id in test.output for client_id in ids)


@long
def test_two_rows_of_a_key_for_the_same_school_year_are_named(project_copy, tmp_path):
    file = project_copy / "seeds" / "annex" / "assessed_antigens.csv"
    header, first, *rest = file.read_text(encoding="utf-8").splitlines()
    again = dict(zip(header.split(","), first.split(","), strict=True)) | {"school_year_from": "2015"}
    file.write_text("\n".join([header, first, *rest, ",".join(again.values()), ""]), encoding="utf-8")
    build = build_rule_tables(tmp_path, project_copy)
    assert build.returncode != 0
    for line in (2, len(rest) + 3):
        assert re.search(rf"assessed_antigens\.csv, lines? .*\b{line}\b", build.output), build.output
    assert f"antigen '{again['antigen']}', age '{again['age']}' has two rows for the same school year" in build.output


@long
def test_counts_of_the_units_that_do_not_add_up_to_the_province_are_found(demonstration, tmp_path):
    warehouse = shutil.copy(demonstration.warehouse, tmp_path / demonstration.warehouse.name)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "update marts.coverage set students_up_to_date = students_up_to_date - 1 "
            "where geography = 'province' and antigen = 'measles' and age in (7, 17)"
        )
    test = run_dbt("test", "--select", "coverage_is_sound", warehouse=warehouse)
    assert (
        "marts.coverage: school_year, definitions, age, antigen has units that do not add up to the province in "
        "students or students_up_to_date (2 rows)."
    ) in test.output, test.output


@long
def test_rules_that_end_while_what_needs_them_goes_on_are_named(project_copy, tmp_path):
    changed(project_copy, "dose_rules", {"schedule": "three_plus_one"}, school_year_before="2018")
    changed(project_copy, "dose_rules", {"schedule": "two_dose", "variant": "male"}, school_year_before="2018")
    changed(project_copy, "up_to_date_rules", {"rule_id": "PNE-UTD-c"}, school_year_before="2018")
    changed(project_copy, "exemption_labels", {"antigen": "mumps"}, is_exemption_label="false")
    build = build_rule_tables(tmp_path, project_copy)
    assert build.returncode != 0
    for sentence in (
        "rule_id 'PNE-UTD-a', schedule 'three_plus_one', valid_doses '4' requires more doses than dose_rules.csv has "
        "rules for in the school year 2018: dose_number up to 0.",
        "rule_id 'HPV-UTD-b', schedule 'two_dose', valid_doses '2' requires more doses than dose_rules.csv has rules "
        "for in the school year 2018: variant male, dose_number up to 0.",
        "antigen 'pneumococcal', schedule 'two_dose' has dose rules, but no row of up_to_date_rules.csv",
        "antigen 'mumps', age '7' has is_exemption_applicable, but no is_exemption_label row in exemption_labels.csv",
        "antigen 'mumps', age '17' has is_exemption_applicable, but no is_exemption_label row in exemption_labels.csv",
    ):
        assert sentence in build.output, f"{sentence}\n{build.output}"


@pytest.mark.parametrize(
    ("table", "change", "sentence"),
    [
        (
            "dose_rules", "update annex.dose_rules set school_year_before = 2018 where antigen = 'polio'",
            "polio for the school years up to 2017",
        ),
        (
            "exemption_labels",
            "update annex.exemption_labels set school_year_from = 2019, school_year_before = null "
            "where antigen = 'mumps'",
            "mumps for the school years from 2019",
        ),
        (
            "antigen_statements",
            "update annex.antigen_statements set school_year_before = 2018 where antigen = 'mcc'; "
            "insert into annex.antigen_statements select * replace (2020 as school_year_from, null as "
            "school_year_before) from annex.antigen_statements where antigen = 'mcc'",
            "mcc for the school years up to 2017 and from 2020",
        ),
    ],
)
def test_a_year_in_which_one_antigen_has_no_rows_stops_the_build_and_names_the_antigen(
    demonstration, tmp_path, table, change, sentence
):
    models = CompiledModels(demonstration, tmp_path / "models")
    models.connection.execute(change)
    with pytest.raises(duckdb.Error) as stopped:
        models.run(["int_school_year"])
    assert (
        f"No definitions for the school year 2018: seeds/annex/{table}.csv holds for {sentence}. Add rows for this year"
        in str(stopped.value)
    )


def built_by_script(project, tmp_path, *arguments):
    environment = os.environ | {
        "WAREHOUSE_PATH": str(tmp_path / "script.duckdb"), "EXTRACTS_DIR": "", "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    return subprocess.run(
        [ICW, "--project", project, "build", *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )


def test_rule_tables_that_cannot_be_loaded_stop_the_build_before_dbt_with_a_sentence_for_each(project_copy, tmp_path):
    annex = project_copy / "seeds" / "annex"

    def rewritten(table, *replacements, encoding="utf-8"):
        text = (annex / f"{table}.csv").read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (annex / f"{table}.csv").write_bytes(text.encode(encoding, errors="replace"))

    rewritten(
        "dose_rules", ("DIP-2,diphtheria,series,,2,,,,,,,,28 days", "DIP-2,diphtheria,series,,2,,,,,,,,28days"),
        ("HIB-1,hib,series,,1,", "HIB-1,hib,series,,1st,"), ("\nHIB-4,", "\n,,,\n\nHIB-4,"),
    )
    rewritten("agent_aliases", ('"Hepatitis A and B, formulation unknown;', "Hepatitis A and B, formulation unknown;"))
    rewritten("up_to_date_rules", ("recent_dose_before,", "recent_dose_bfore,"))
    rewritten("agents", (",", ";"))
    rewritten("exemption_labels", ("Measles (M)", "Measles (é)"), encoding="cp1252")
    rewritten("antigens", ("Hepatitis B,3", '"Hepatitis B,3'))
    rewritten("coverage_goals", ("hib,7,95,80,", 'hib,7,"95,0",80,'))
    rewritten("assessed_antigens", ("hib,7,,false", "hib,7,,no"))
    (annex / "schedules.csv").unlink()

    build = built_by_script(project_copy, tmp_path)
    assert build.returncode == 1
    assert "Preparing dbt" not in build.stdout and "Traceback" not in build.stderr
    *said, _ = build.stdout.removeprefix("\nNot published. ").splitlines()
    hib_1, hib_4 = line_of("dose_rules", "HIB-1"), line_of("dose_rules", "HIB-4")
    alias = line_of("agent_aliases", "HAHB-unspecified")
    assert said == [f"seeds/annex/{sentence}" for sentence in (
        "antigens.csv: line 4: the quotation marks do not pair.",
        "schedules.csv: the file is missing.",
        "dose_rules.csv: line 3: interval_from is '28days'; it must be a whole number of days, months or years, such "
        "as 28 days.",
        f"dose_rules.csv: line {hib_1}: dose_number is '1st'; it must be a whole number.",
        f"dose_rules.csv: line {hib_4}: the row is empty. Remove it.",
        f"dose_rules.csv: line {hib_4 + 1}: the row is empty. Remove it.",
        "up_to_date_rules.csv: line 1: there is no column 'recent_dose_bfore' ('recent_dose_before'?).",
        "up_to_date_rules.csv: line 1: the header lacks recent_dose_before.",
        "agents.csv: the columns are separated by semicolons. Save it with commas between them.",
        f"agent_aliases.csv: line {alias}: 4 values, where the header has 3 columns; the first is 'HAHB-unspecified'. "
        'A text with a comma must be in quotation marks ("…").',
        "assessed_antigens.csv: line 3: is_in_all_ispa_coverage is 'no'; it must be true or false.",
        "coverage_goals.csv: line 3: goal_percent is '95,0'; it must be a number, with a decimal point if any.",
        "exemption_labels.csv: line 8: the text is not UTF-8. Save it as CSV UTF-8.",
    )]


def test_every_column_of_a_rule_table_is_declared_with_its_type():
    assert check.problems_of_rules() == []
    for folder in check.FOLDERS:
        described = (ROOT / "seeds" / folder / f"_{folder}.yml").read_text(encoding="utf-8")
        for declared in yaml.safe_load(described)["seeds"]:
            assert list(check.columns_of(declared)) == [column["name"] for column in declared["columns"]]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ("{schol_year: 2016}", "there is no var 'schol_year' ('school_year'?)."),
        ("as_of: 2018-13-45", "as_of is '2018-13-45': it must be a day such as 2018-11-15, or assessment_date."),
        ("recorded_by: 2019-02-29", "recorded_by is '2019-02-29': it must be a day such as 2018-11-15, or any_day."),
        (
            "{school_year: 2018, as_of: 2019-09-01}",
            "as_of is '2019-09-01', after the assessment date 2019-08-31: doses given in between would be missing. "
            "For a list of that day build its school year: icw build --school-year 2019 --as-of 2019-09-01.",
        ),
    ],
)
def test_a_var_that_is_misspelt_or_no_day_stops_the_build_before_dbt(project_copy, tmp_path, variables, sentence):
    build = built_by_script(project_copy, tmp_path, f"--vars={variables}")
    assert build.returncode == 1
    assert f"Not published. --vars: {sentence}" in build.stdout
    assert "Preparing dbt" not in build.stdout and "Traceback" not in build.stderr


@pytest.mark.parametrize(
    ("as_of", "school_year"), [("2019-09-01", 2019), ("2020-08-31", 2019), ("2020-12-31", 2020), ("2020-01-01", 2019)]
)
def test_a_list_of_a_day_after_the_assessment_date_is_refused_with_the_year_to_build(as_of, school_year):
    (problem,) = builder.problems_of_vars(["--vars", f"as_of: {as_of}"])
    assert f"icw build --school-year {school_year} --as-of {as_of}" in problem
    assert builder.problems_of_vars(["--vars", f"{{school_year: {school_year}, as_of: {as_of}}}"]) == []
    assert builder.problems_of_vars(["--vars", "as_of: 2019-08-31"]) == []


@long
def test_dbt_refuses_a_list_of_a_day_after_the_assessment_date_too(tmp_path):
    build = run_dbt("build", *ONLY_TABLES, "--vars", "as_of: '2019-10-10'", warehouse=tmp_path / "warehouse.duckdb")
    assert build.returncode != 0
    assert "as_of is '2019-10-10', after the assessment date 2019-08-31" in build.output
    assert "school_year: 2019" in build.output


def test_a_var_that_is_misspelt_stops_dbt_too(tmp_path):
    build = run_dbt("build", *ONLY_TABLES, "--vars", "schol_year: 2016", warehouse=tmp_path / "warehouse.duckdb")
    assert build.returncode != 0 and "there is no var 'schol_year'. The vars are" in build.output
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert {*project["vars"]["setting_forms"], "setting_forms", "reader_schemas"} == set(project["vars"])


@long
def test_the_next_year_and_its_definition_are_a_row_each_and_the_years_before_keep_theirs(project_copy, tmp_path):
    def from_2019_on(rows):
        (row,) = (row for row in rows if row["rule_id"] == "DIP-2")
        text = row["annex_text"].replace("≥28", "≥42")
        rows.append(row | {"interval_from": "42 days", "annex_text": text, "school_year_from": "2019"})
        row["school_year_before"] = "2019"

    def the_next_year(rows):
        rows.append(rows[-1] | {"first_year": "2026", "school_year": "2026-27"})

    edit_rules(project_copy, "dose_rules", from_2019_on)
    edit_rules(project_copy, "school_years", the_next_year)
    for school_year, days in ((2018, 28), (2026, 42)):
        build = build_rule_tables(tmp_path, project_copy, school_year, "antigen_definitions")
        assert build.returncode == 0, build.output
        assert "Found in the rule tables" not in build.output
        label = f"{school_year}-{school_year % 100 + 1}"
        of_year = f"from marts.antigen_definitions where rule_id = 'DIP-2' and school_year = '{label}'"
        (definition,) = build.rows(f"select definition {of_year}")
        assert f"≥{days} days after the valid dose before" in definition[0]
