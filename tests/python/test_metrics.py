"""MetricFlow's answers beside the marts: every metric, by public health unit and for the province."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Build, long
from several_years import YEARS, write_years

from immunization_coverage.metric_cohorts import missing_entities, refusal

BY_ANTIGEN = ("coverage", "initiation", "completion", "unimmunized", "medical_exemption", "nonmedical_exemption")
OVER_ANTIGENS = (
    "coverage_all_ispa", "medical_exemption_any_ispa", "nonmedical_exemption_any_ispa", "without_dtp", "without_dose",
)  # fmt: skip
QUERIES = {
    "units": (BY_ANTIGEN, "school_year,phu,age,antigen"),
    "units_over_antigens": (OVER_ANTIGENS, "phu,phu__phu_name,age"),
    "province": (BY_ANTIGEN, "metric_time__year,age,antigen,antigen__antigen_name"),
    "province_over_antigens": (OVER_ANTIGENS, "age"),
}
# Queries that would add up antigens or ages, as `mf` itself answers them.
ADDED_UP = {
    "ages_and_antigens": ((*BY_ANTIGEN, *OVER_ANTIGENS, "students_up_to_date", "students_of_age"), ""),
    "ages": (("coverage", "medical_exemption", "students_initiated"), "antigen"),
    "antigens": (("coverage", "coverage_ratio", "nonmedical_exemption", "students_assessed"), "age"),
}
# Queries, as often as asked in one process: it needs seconds to start. No host is looked up.
MF = """
import socket
import sys

asked = []

def refuse(host, *arguments, **options):
    asked.append(host)
    raise OSError(host)

socket.getaddrinfo = refuse
from immunization_coverage.metrics import cli

for query in sys.argv[1:]:
    if query.startswith("unchecked "):
        cli.commands["query"].callback = cli.commands["query"].callback.__wrapped__
        query = query.removeprefix("unchecked ")
    cli.main(query.split(), standalone_mode=False)
assert not asked, asked
"""
TABLES = {
    "coverage": ("coverage", "coverage_percent", ""),
    "initiation": ("series_uptake", "initiated_percent", "and gender = 'all'"),
    "completion": ("series_uptake", "completed_percent", "and gender = 'all'"),
    "unimmunized": ("series_uptake", "unimmunized_percent", "and gender = 'all'"),
    "medical_exemption": ("exemptions", "medical_percent", ""),
    "nonmedical_exemption": ("exemptions", "nonmedical_percent", ""),
    "coverage_all_ispa": ("coverage_all_ispa", "coverage_percent", ""),
    "medical_exemption_any_ispa": ("exemptions_any_ispa", "medical_percent", ""),
    "nonmedical_exemption_any_ispa": ("exemptions_any_ispa", "nonmedical_percent", ""),
    "without_dtp": ("zero_dose", "without_dtp_percent", ""),
    "without_dose": ("zero_dose", "without_dose_percent", ""),
}


@pytest.fixture(scope="module")
def answers(demonstration: Build, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict]]:
    return query(demonstration, tmp_path_factory.mktemp("metrics"), QUERIES, ADDED_UP)


def query(build: Build, project: Path, checked: dict, unchecked: dict) -> dict[str, list[dict]]:
    """The rows of each query, metrics and what they are grouped by; the unchecked ones as `mf` itself answers them."""
    asked = checked | unchecked
    # `mf` reads the semantic manifest from target/ of the folder that it is started in.
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, project)
    (project / "target").mkdir()
    shutil.copy(build.warehouse.with_suffix(".target") / "semantic_manifest.json", project / "target")
    queries = [
        f"query --metrics {','.join(metrics)} {group_by and f'--group-by {group_by}'} --csv {name}.csv --quiet"
        for name, (metrics, group_by) in asked.items()
    ]
    if unchecked:
        queries[len(checked)] = f"unchecked {queries[len(checked)]}"
    done = subprocess.run(
        [sys.executable, "-c", MF, *queries], cwd=project, capture_output=True, text=True, check=False,
        env=os.environ | {"WAREHOUSE_PATH": str(build.warehouse), "EXTRACTS_DIR": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {}
    for name in asked:
        with (project / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found[name] = list(csv.DictReader(file))
    return found


@pytest.mark.parametrize("metric", TABLES)
@pytest.mark.parametrize("geography", ["province", "phu"])
def test_a_metric_gives_the_percents_of_its_mart(demonstration, answers, metric, geography):
    table, column, condition = TABLES[metric]
    antigen = "antigen" if metric in BY_ANTIGEN else "''"
    percents = demonstration.rows(
        f"select coalesce(phu_id, ''), age, {antigen}, {column} from marts.{table} "
        f"where geography = '{geography}' and {column} is not null {condition}"
    )
    name = ("province" if geography == "province" else "units") + ("" if metric in BY_ANTIGEN else "_over_antigens")
    answered = {
        (row.get("phu", ""), int(row["age"]), row.get("antigen", "")): float(row[metric])
        for row in answers[name] if row[metric]
    }
    assert percents
    assert answered == pytest.approx({(phu_id, age, antigen): value for phu_id, age, antigen, value in percents})


def test_nobody_is_counted_in_a_unit_without_a_name(answers):
    assert all(row["phu"] for name in ("units", "units_over_antigens") for row in answers[name])


def test_names_and_years_come_with_the_numbers(demonstration, answers):
    names = dict(demonstration.rows("select distinct phu_id, phu_name from marts.coverage where phu_id is not null"))
    assert {row["phu"]: row["phu__phu_name"] for row in answers["units_over_antigens"]} == names
    assert {row["school_year"] for row in answers["units"]} == {"2018-19"}
    assert {row["metric_time__year"][:4] for row in answers["province"]} == {"2018"}
    assert {(row["antigen"], row["antigen__antigen_name"]) for row in answers["province"]} <= set(
        demonstration.rows("select antigen, antigen_name from annex.antigens")
    )


@long
def test_a_metric_gives_the_percents_of_every_school_year(demonstration, tmp_path):
    years = Build(write_years(demonstration.warehouse, tmp_path / "demonstration.duckdb"), 0, "")
    target = demonstration.warehouse.with_suffix(".target")
    shutil.copytree(target, years.warehouse.with_suffix(".target"), ignore=shutil.ignore_patterns("compiled", "run"))
    (tmp_path / "metrics").mkdir()
    asked = {
        "by_time": (("coverage", "medical_exemption"), "metric_time__year,age,antigen"),
        "by_year": (("coverage",), "school_year,phu,age,antigen"),
    }
    answered = query(years, tmp_path / "metrics", asked, {})
    by_time = {
        (row["metric_time__year"][:4], int(row["age"]), row["antigen"]): float(row["coverage"])
        for row in answered["by_time"] if row["coverage"]
    }
    # A metric adds up the public health units.
    expected = years.rows(
        "select left(school_year, 4), age, antigen, 100 * sum(students_up_to_date) / sum(students) from marts.coverage "
        "where phu_id is not null group by all"
    )
    assert by_time == pytest.approx({tuple(key): value for *key, value in expected})
    assert {year for year, _, _ in by_time} == {year[:4] for year in YEARS}
    by_year = {
        (row["school_year"], row["phu"], int(row["age"]), row["antigen"]): float(row["coverage"])
        for row in answered["by_year"] if row["coverage"] and row["phu"]
    }
    expected = years.rows(
        "select school_year, phu_id, age, antigen, coverage_percent from marts.coverage "
        "where phu_id is not null and coverage_percent is not null"
    )
    assert by_year == pytest.approx({tuple(key): value for *key, value in expected})


def test_no_metric_adds_up_antigens_or_ages(demonstration, answers):
    """Null, unless one cohort is all that there is: at 8, measles alone is assessed; of Hib, 7 is the only age."""
    cohorts = demonstration.rows("select distinct antigen, age from marts.coverage")
    antigens, ages = [antigen for antigen, _ in cohorts], [age for _, age in cohorts]
    only_age = {(antigen,) for antigen in antigens if antigens.count(antigen) == 1}
    only_antigen = {(age,) for age in ages if ages.count(age) == 1}
    assert ("hib",) in only_age and (8,) in only_antigen
    for row in answers["ages_and_antigens"]:
        assert not any(row.values())
    coverage = {(row["antigen"],) for row in answers["ages"] if row["coverage"]}
    assert coverage == only_age
    for row in answers["antigens"]:
        has_one = (int(row["age"]),) in only_antigen
        assert [bool(row[name]) for name in ("coverage", "coverage_ratio", "students_assessed")] == [has_one] * 3


def test_a_query_that_would_add_up_antigens_or_ages_is_refused_with_what_to_do(demonstration):
    manifest = json.loads((demonstration.warehouse.with_suffix(".target") / "semantic_manifest.json").read_text())
    everything = {metric["name"] for metric in manifest["metrics"]}
    refused = missing_entities(manifest, everything, "school_year phu")
    # Every metric goes by age, and those of a mart with antigens by antigen.
    assert set(refused) == everything
    assert {name for name, missing in refused.items() if "antigen" in missing} >= set(BY_ANTIGEN)
    assert all(refused[name] == ["age"] for name in OVER_ANTIGENS)
    for named, missing in (
        ("age,antigen", None), ("phu,age,antigen__antigen_name", None), ("{{ Entity('age') }} = 7 antigen", None),
        ("age", ["antigen"]), ("antigen", ["age"]), ("coverage_cohort", ["age", "antigen"]), ("", ["age", "antigen"]),
    ):  # fmt: skip
        assert missing_entities(manifest, ["coverage"], named).get("coverage") == missing, named
    assert missing_entities(manifest, ["no_such_metric"], "") == {}
    assert refusal({"without_dtp": ["age"], "coverage": ["age", "antigen"]}) == (
        "coverage does not add up over ages and antigens: group by age,antigen, or filter to one, as "
        """--where "{{ Entity('age') }} = 7 and {{ Entity('antigen') }} = 'measles'"."""
    )


def test_the_command_refuses(demonstration, tmp_path):
    (tmp_path / "target").mkdir()
    shutil.copy(demonstration.warehouse.with_suffix(".target") / "semantic_manifest.json", tmp_path / "target")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(
        [
            sys.executable, "-m", "immunization_coverage", "--project", tmp_path, "metrics", "query", "--metrics",
            "coverage", "--group-by", "age",
        ],
        capture_output=True, text=True, check=False, env=os.environ | {"EXTRACTS_DIR": ""},
    )  # fmt: skip
    assert done.returncode == 2 and "coverage does not add up over antigens: group by antigen" in done.stderr
