"""What people really have, through the command that they run: from their files to the findings, or to one sentence."""

import csv
import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
from conftest import ICW, ROOT, SHARED, dbt_folders, long

SAMPLE = SHARED / "data" / "panorama_sample.csv"


def make_build(folder: Path, warehouse: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"EXTRACTS_DIR": str(folder), "WAREHOUSE_PATH": str(warehouse)}
    environment |= dbt_folders(warehouse.parent) | settings
    return subprocess.run(
        [ICW, "build", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )


@pytest.fixture
def extracts(tmp_path: Path) -> Path:
    folder = tmp_path / "extracts"
    return shutil.copytree(ROOT / "seeds" / "extracts", folder, ignore=shutil.ignore_patterns("*.yml"))


def rewritten(file: Path, header: dict[str, str], encoding: str = "utf-8", delimiter: str = ",") -> None:
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    with file.open("w", encoding=encoding, newline="", errors="replace") as opened:
        writer = csv.writer(opened, delimiter=delimiter)
        writer.writerow([header.get(column, column) for column in rows[0]])
        writer.writerows(row.values() for row in rows)


@long
def test_a_misspelt_header_is_one_sentence_and_windows_1252_with_semicolons_is_read(extracts, place_of_builds):
    warehouse = place_of_builds / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    schools = extracts / "schools.csv"
    schools.write_text(schools.read_text(encoding="utf-8").replace("Meadow", "Prés d'Été"), encoding="utf-8")
    rewritten(schools, {}, encoding="cp1252", delimiter=";")
    rewritten(extracts / "clients.csv", {"date_of_birth": "Date of Brith", "client_id": "Client Id"})

    refused = make_build(extracts, warehouse)
    assert refused.returncode == 1
    assert "clients.csv has no column date_of_birth" in refused.stdout
    assert "the nearest is 'Date of Brith'" in refused.stdout
    assert not warehouse.exists()

    rewritten(extracts / "clients.csv", {"Date of Brith": "Date of Birth"})
    selected = ("--indirect-selection", "buildable", "--select", "+students", "+data_quality")
    built = make_build(extracts, warehouse, *selected)
    assert built.returncode == 0, built.stdout + built.stderr
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute("select school_name from staging.stg_panorama__schools").fetchall()
        assert any("Prés d'Été" in name for (name,) in names if name)
        students = connection.execute("select count(*), min(length(client_id)) from assessment.students").fetchall()[0]
        assert students == (6000, 10)


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample is not beside the project")
def test_panoramas_own_sample_of_histories_and_a_ministrys_school_list_build_with_a_finding_for_what_is_odd(tmp_path):
    folder = tmp_path / "extracts"
    folder.mkdir()
    shutil.copy(SAMPLE, folder / "immunization_histories.csv")
    with SAMPLE.open(encoding="utf-8") as opened:
        clients = {row["Client Id"]: row["Date of Birth"] for row in csv.DictReader(opened)}
    tables = {
        "clients": [["Client Id", "Date of Birth", "Gender", "Client Status"]]
        + [[client, born, "F", "Active"] for client, born in clients.items()],
        "schools": [
            ["School/ Daycare ID", "School/ Daycare", "School Type", "Public Health Unit"],
            ["000118", "Elm Street P.S.", "Elementary School", "Elgin-St. Thomas Health Unit"],
            ["AL-33018", "École des Érables", "Elementary School", "Algoma Public Health Unit"],
            ["", "Oak Lane", "Elementary School", "Peel Public Health"],
            ["000900", "HOLDING SCHOOL, DO NOT REMOVE", "Other", "Peel Public Health"],
            ["000901", "HOME SCHOOL", "Elementary School", "Peel Public Health"],
            ["000902", "Far Away", "Elementary School", "Out of Province"],
        ],
        "education_records": [
            ["Education Record ID", "Client Id", "School/ Daycare ID", "Effective From", "Effective To"]
        ]
        + [[f"E{n}", client, "000118", "2023-09-05", ""] for n, client in enumerate(clients)],
        "immunizations": [
            ["Immunization ID", "Client Id", "Agent", "Administered Date", "Trade Name"],
            ["I1", next(iter(clients)), "HAHB-pediatric", "2024-01-08", "Twinrix Junior"],
        ],
        "exemptions": [
            ["Exemption ID", "Client Id", "Antigen", "Reason", "Effective From", "Effective To"],
            ["X1", next(iter(clients)), "Measles (M)", "Philosophical reason", "2023-10-01", ""],
        ],
    }
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="cp1252", newline="") as opened:
            csv.writer(opened).writerows(rows)

    accepted = {"ACCEPT": "students_of_an_age_missing"}
    built = make_build(folder, tmp_path / "w.duckdb", "--vars", "school_year: 2023", **accepted)

    assert built.returncode == 0, built.stdout + built.stderr
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        def found(check):
            query = "select value from assessment.data_quality_findings where check_name = ? order by 1"
            return [value for (value,) in connection.execute(query, [check]).fetchall()]

        assert connection.execute("select count(*) from assessment.students where phu_id = 'SW'").fetchall()[0][0] >= 4
        doses = connection.execute("select count(distinct immunization_id) from assessment.doses").fetchall()[0][0]
        assert doses >= 5
        assert found("schools_unknown_phu") == ["Out of Province"]
        assert found("schools_pseudo_school") == ["HOME SCHOOL"]
        assert found("schools_missing_id") == [None]
        assert "rota-unspecified" in found("immunizations_unknown_agent")
        assert "HAHB-pediatric" not in found("immunizations_unknown_agent")
        assert not found("immunization_histories_unexplained_text")
        texts = connection.execute(
            "select table_schema || '.' || table_name, column_name from information_schema.columns "
            "where data_type = 'VARCHAR'"
        ).fetchall()
        for table, column in texts:
            assert not connection.execute(
                f"""select 1 from {table} where "{column}" in ('McCheese', 'Squeak', '14 Burrow Lane', 'M1C3E5')"""
            ).fetchall(), (table, column)
