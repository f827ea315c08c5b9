"""What dbt-duckdb does before it opens the warehouse, also in plain dbt runs (profiles.yml, `plugins`)."""

import gc
import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from immunization_coverage.warehouse_file import close_to_others, is_open_to_others, problem_of_mode, problem_of_path


class Plugin(BasePlugin):
    def initialize(self, plugin_config: dict[str, Any]) -> None:
        # The project that dbt has read stays until it ends: looking through it for garbage costs a small build a tenth
        # of its time.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        if self.creds is None or self.creds.path == ":memory:":
            return
        warehouse = Path(self.creds.path)
        problem = problem_of_path(warehouse) or problem_of_mode()
        if problem:
            # dbt prints a RuntimeError as a sentence, and other errors with a traceback.
            raise RuntimeError(problem)
        # The warehouse, its write-ahead log and temporary files contain person-level data.
        if hasattr(os, "geteuid"):
            os.umask(0o077)
            if warehouse.exists() and is_open_to_others(warehouse) and warehouse.stat().st_uid == os.geteuid():
                close_to_others(warehouse)
