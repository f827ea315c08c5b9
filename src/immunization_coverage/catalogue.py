"""The catalogue that dbt writes of a warehouse that is built, as one page."""

import os
import subprocess

from immunization_coverage.project import DBT, ROOT
from immunization_coverage.warehouse import the_warehouse, warehouse_path


def main() -> int:
    # Says in a sentence that there is none, where dbt would make an empty one.
    the_warehouse().close()
    environment = os.environ | {"WAREHOUSE_PATH": str(warehouse_path().absolute()), "EXTRACTS_DIR": ""}
    return subprocess.run([DBT, "docs", "generate", "--static"], cwd=ROOT, env=environment, check=False).returncode
