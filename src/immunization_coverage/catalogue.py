"""Writes dbt's catalogue of a built warehouse as one page."""

import os
import subprocess

from immunization_coverage.project import DBT, ROOT
from immunization_coverage.warehouse import the_warehouse, warehouse_path


def main() -> int:
    # Stops with a sentence if there is no warehouse; dbt would create an empty one.
    the_warehouse().close()
    environment = os.environ | {"WAREHOUSE_PATH": str(warehouse_path().absolute()), "EXTRACTS_DIR": ""}
    return subprocess.run([DBT, "docs", "generate", "--static"], cwd=ROOT, env=environment, check=False).returncode
