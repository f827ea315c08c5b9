"""MetricFlow's answers beside the marts: every metric, by public health unit and for the province."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Build

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
    return query(demonstration, tmp_path_factory.mktemp("metrics"), QUERIES)


def query(build: Build, project: Path, asked: dict[str, tuple[tuple[str, ...], str]]) -> dict[str, list[dict]]:
    """The rows of each query, metrics and what they are grouped by."""
    # `mf` reads the semantic manifest from target/ of the folder that it is started in.
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, project)
    (project / "target").mkdir()
    shutil.copy(build.warehouse.with_suffix(".target") / "semantic_manifest.json", project / "target")
    queries = [
        f"query --metrics {','.join(metrics)} --group-by {group_by} --csv {name}.csv --quiet"
        for name, (metrics, group_by) in asked.items()
    ]
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
