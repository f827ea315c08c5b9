#!/usr/bin/env python3
"""A Spark cluster on this machine: a standalone master and two workers from the pyspark package, on loopback.

    spark_cluster.py start | stop | status

SPARK_CLUSTER_DIR     pid files, logs and the workers' files (default: target/spark-cluster)
SPARK_WORKER_MEMORY   what each worker may give to executors (default: 2g); each has one core

`start` returns when both workers have registered, and prints the SPARK_MASTER to build with. `stop` ends the processes
of `start` only.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from immunization_coverage.project import ROOT

HOST, PORT, STATUS_PORT = "127.0.0.1", 7077, 8980
WORKERS = 2
SECONDS_TO_START, SECONDS_TO_STOP = 60, 15


def folder() -> Path:
    return Path(os.environ.get("SPARK_CLUSTER_DIR") or ROOT / "target" / "spark-cluster").absolute()


def spark_class() -> Path:
    try:
        import pyspark
    except ModuleNotFoundError:
        sys.exit("pyspark is not installed: make setup-spark.")
    return Path(pyspark.__file__).parent / "bin" / "spark-class"


def start_process(name: str, *arguments: str) -> None:
    environment = os.environ | {
        "SPARK_HOME": str(spark_class().parents[1]),
        # The status pages too listen on the loopback address only.
        "SPARK_LOCAL_IP": HOST,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_DIRS": str(folder() / "scratch"),
    }
    with (folder() / f"{name}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [spark_class(), *arguments], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    (folder() / f"{name}.pid").write_text(str(process.pid), encoding="utf-8")


def process_ids() -> dict[str, int]:
    """The processes of `start` that still run. The pid of an ended process may be another program's by now."""
    running = {}
    for file in sorted(folder().glob("*.pid"), reverse=True):
        number = int(file.read_text(encoding="utf-8"))
        command = subprocess.run(["ps", "-o", "args=", "-p", str(number)], capture_output=True, text=True, check=False)
        if "org.apache.spark.deploy" in command.stdout or "spark-class" in command.stdout:
            running[file.stem] = number
    return running


def workers_alive() -> int:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{STATUS_PORT}/json/", timeout=2) as answer:
            return int(json.load(answer)["aliveworkers"])
    except (OSError, ValueError, KeyError):
        return 0


def start() -> int:
    if process_ids():
        print(f"A cluster runs already: {process_ids()}. SPARK_MASTER=spark://{HOST}:{PORT}")
        return 1
    folder().mkdir(parents=True, exist_ok=True)
    start_process(
        "master", "org.apache.spark.deploy.master.Master",
        "--host", HOST, "--port", str(PORT), "--webui-port", str(STATUS_PORT),
    )  # fmt: skip
    for number in range(1, WORKERS + 1):
        start_process(
            f"worker-{number}", "org.apache.spark.deploy.worker.Worker",
            "--host", HOST, "--cores", "1", "--memory", os.environ.get("SPARK_WORKER_MEMORY", "2g"),
            "--work-dir", str(folder() / f"worker-{number}"), "--webui-port", str(STATUS_PORT + number),
            f"spark://{HOST}:{PORT}",
        )  # fmt: skip
    waited_until = time.monotonic() + SECONDS_TO_START
    while workers_alive() < WORKERS:
        if time.monotonic() > waited_until or len(process_ids()) < WORKERS + 1:
            stop()
            print(f"The cluster did not start: see {folder()}/*.log.")
            return 1
        time.sleep(0.5)
    print(f"A master and {WORKERS} workers run. SPARK_MASTER=spark://{HOST}:{PORT}")
    return 0


def stop() -> int:
    # Workers first: they end their executors.
    for number in process_ids().values():
        os.kill(number, signal.SIGTERM)
    waited_until = time.monotonic() + SECONDS_TO_STOP
    while process_ids() and time.monotonic() < waited_until:
        time.sleep(0.5)
    for number in process_ids().values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    for file in folder().glob("*.pid"):
        file.unlink()
    print("The cluster is stopped.")
    return 0


def status() -> int:
    print(f"Processes: {process_ids() or 'none'}. Workers alive: {workers_alive()}.")
    return 0 if process_ids() else 1


if __name__ == "__main__":
    commands = {"start": start, "stop": stop, "status": status}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]]())
