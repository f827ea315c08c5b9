"""Runs dbt in a process forked from a server that has imported dbt and parsed the project: it starts in a second.

multiprocessing's fork server imports this module first, so that every process has the manifests at its end; dbt takes a
manifest instead of parsing (`dbtRunner(manifest=…)`). A manifest does not depend on vars: no `config` reads one.
"""

import contextlib
import gc
import io
import os
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from filelock import FileLock

from immunization_coverage.build.dbt_events import make_few
from immunization_coverage.build.dbt_process import status

ROOT = Path(__file__).parents[2]
PARSED = ROOT / "target" / "parsed"
IMPORTED_BY = os.getpid()
SERVER = "TESTS_WARM_DBT"
# The name of a warehouse is that of its database, which the manifest holds.
WAREHOUSE, EXTRACTS = "warehouse.duckdb", "warehouse.extracts"


def settings(project: Path) -> dict[str, str]:
    return {"DBT_PROJECT_DIR": str(project), "DBT_PROFILES_DIR": str(project), "NO_COLOR": "1"}


def read_project(extracts: str) -> object:
    """The manifest of the project with the demonstration (no extracts) or with a folder of extracts."""
    target = PARSED / (extracts or "demonstration")
    target.mkdir(parents=True, exist_ok=True)
    os.environ |= settings(ROOT) | {
        "WAREHOUSE_PATH": WAREHOUSE, "EXTRACTS_DIR": extracts, "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target), "DBT_WRITE_JSON": "false",
    }  # fmt: skip
    with FileLock(target / ".lock"), contextlib.redirect_stdout(io.StringIO()) as said:
        parsed = dbtRunner().invoke(["--no-use-colors", "parse"])
    assert parsed.success, said.getvalue()
    return parsed.result


def run(arguments: list[str], folder: Path, environment: dict[str, str], output: Path, reads_project: bool) -> None:
    assert reads_project or os.name == "nt" or os.getpid() != IMPORTED_BY, "the fork server did not import this module"
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["dbt", *arguments]
    with output.open("w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        sys.stdout = sys.stderr = file
        manifest = None if reads_project else MANIFESTS[environment.get("EXTRACTS_DIR", "")]
        done = dbtRunner(manifest=manifest).invoke(arguments)
        # multiprocessing ends a process without what Python's own end does: the log would stay beside the database.
        DuckDBConnectionManager.close_all_connections()
    sys.exit(status(done))


def invoke(arguments: list[str], folder: Path, environment: dict[str, str], output: Path, reads_project: bool) -> int:
    """dbt's exit status; what it says is in the file `output`. dbt `reads_project` where the manifest is another."""
    # Windows has no fork: each process parses for itself. So does one that parses anew: forked from a process that has
    # parsed, it would wait forever for threads of dbt's static parser, which a fork leaves behind.
    if reads_project or os.name == "nt":
        context = get_context("spawn")
    else:
        context = get_context("forkserver")
        context.set_forkserver_preload(["warm_dbt"])
    process = context.Process(target=run, args=(arguments, folder, environment, output, reads_project))
    with pytest.MonkeyPatch.context() as patch:
        if not reads_project:
            patch.setenv(SERVER, "1")
        # Python 3.11's server imports what it preloads from here.
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        process.start()
    process.join()
    return process.exitcode


if SERVER in os.environ:
    # Processes this short collect no garbage.
    gc.disable()
    make_few()
    MANIFESTS = {extracts: read_project(extracts) for extracts in ("", EXTRACTS)}
    gc.freeze()
