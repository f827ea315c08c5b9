"""Spark: a worker that is killed, a build that fails. `make spark-parity` compares the rows without either."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import DBT, MANY, ONLY_TABLES, ROOT

pytest.importorskip("pyspark", reason="make setup-spark installs pyspark")
pytestmark = [
    pytest.mark.skipif(
        shutil.which("java") is None, reason="Spark needs Java 17 (Debian: apt-get install openjdk-17-jre-headless)"
    ),
    pytest.mark.skipif(not MANY, reason="minutes on two cores; LONG_TESTS=many runs it"),
]
CLUSTER = [sys.executable, ROOT / "scripts" / "spark_cluster.py"]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("EXTRACTS_DIR", "SPARK_BUILD")}
    return inherited | {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WAREHOUSE": str(folder / "spark-warehouse"),
        "SPARK_CLUSTER_DIR": str(folder / "cluster"),
        "PARITY_DIR": str(folder / "parity"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "NO_COLOR": "1",
    } | settings


def dbt(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [DBT, "--no-use-colors", *arguments, "--target", "spark"],
        cwd=ROOT, env=environment(folder, **settings), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_worker_that_is_killed_neither_loses_nor_doubles_a_row(tmp_path):
    settings = environment(tmp_path, SPARK_MASTER="spark://127.0.0.1:7077")
    started = subprocess.run([*CLUSTER, "start"], env=settings, capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        with (tmp_path / "parity.log").open("w") as log:
            parity = subprocess.Popen(
                [sys.executable, ROOT / "scripts" / "spark_parity.py", *ONLY_TABLES],
                env=settings, stdout=log, stderr=log,
            )  # fmt: skip
            doses = tmp_path / "parity" / "spark-warehouse" / "intermediate.db" / "int_doses"
            while parity.poll() is None and not doses.exists():
                time.sleep(0.2)
            assert parity.poll() is None, (tmp_path / "parity.log").read_text()
            os.kill(int((tmp_path / "cluster" / "worker-1.pid").read_text()), signal.SIGKILL)
            assert parity.wait() == 0, (tmp_path / "parity.log").read_text()
        status = subprocess.run([*CLUSTER, "status"], env=settings, capture_output=True, text=True, check=False)
        assert "Workers alive: 1." in status.stdout
    finally:
        subprocess.run([*CLUSTER, "stop"], env=settings, check=True)


def published(folder: Path, query: str = "select distinct build_id, school_year from marts.antigen_definitions") -> str:
    shown = dbt(folder, "show", "--inline", query, "--output", "json")
    assert shown.returncode == 0, shown.stdout
    return shown.stdout[shown.stdout.index("{") :]


def test_a_build_that_fails_leaves_the_last_good_tables_readable(tmp_path):
    selection = ("build", "--select", "+antigen_definitions", "+builds", *ONLY_TABLES)
    first = dbt(tmp_path, *selection, SPARK_BUILD="first")
    assert first.returncode == 0 and "Published build first." in first.stdout, first.stdout
    seen = published(tmp_path)
    failed = dbt(tmp_path, *selection, "--vars", "{school_year: 2050}", SPARK_BUILD="second")
    assert failed.returncode == 1
    assert "No definitions for the school year 2050" in failed.stdout
    assert "Not published: the build failed." in failed.stdout
    assert published(tmp_path) == seen
    partial = dbt(tmp_path, "build", "--select", "antigens", "--resource-type", "seed", SPARK_BUILD="third")
    assert "Not published: the build lacks" in partial.stdout
    assert published(tmp_path) == seen
    fourth = dbt(tmp_path, *selection, SPARK_BUILD="fourth")
    assert fourth.returncode == 0 and "Published build fourth." in fourth.stdout, fourth.stdout
    assert published(tmp_path) != seen
    kept = {path.name for path in (tmp_path / "spark-warehouse").glob("marts__*.db")}
    assert kept == {"marts__first.db", "marts__fourth.db"}
    assert '"builds": 2' in published(tmp_path, "select count(distinct build_id) as builds from marts.builds")
