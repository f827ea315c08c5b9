"""MetricFlow's command line, `mf`, which refuses to add up antigens or ages, and looks for no newer version of itself.

It reads target/semantic_manifest.json, which `dbt parse` writes, and the warehouse (WAREHOUSE_PATH).
"""

import os

from dbt_metricflow.cli import main as metricflow

from immunization_coverage.metric_cohorts import refusing
from immunization_coverage.project import ROOT
from immunization_coverage.warehouse import warehouse_path


class NoUpdateChecker:
    """Replaces MetricFlow's own, which asks pypi.org at every start."""

    def check(self, package_name: str, package_version: str) -> None:
        return None


metricflow.UpdateChecker = NoUpdateChecker
cli = metricflow.cli
cli.commands["query"].callback = refusing(cli.commands["query"].callback)


def main(arguments: list[str]) -> None:
    """Ends the program with `mf`'s exit status."""
    os.environ["WAREHOUSE_PATH"] = str(warehouse_path().absolute())
    # `mf` reads the project and the semantic manifest of the folder that it is started in.
    os.chdir(ROOT)
    cli(arguments, prog_name="icw metrics")
