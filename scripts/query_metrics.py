#!/usr/bin/env python3
"""MetricFlow's command line, `mf`, which refuses to add up antigens or ages.

    query_metrics.py query --metrics coverage --group-by age,antigen
    query_metrics.py list metrics

Reads target/semantic_manifest.json, which `dbt parse` writes, and the warehouse (WAREHOUSE_PATH). Its arguments, output
and exit status are those of `mf`, without its look-up on the internet for a newer version of itself.
"""

from dbt_metricflow.cli import main as metricflow
from metric_cohorts import refusing


class NoUpdateChecker:
    """In place of the one that asks pypi.org at every start."""

    def check(self, package_name: str, package_version: str) -> None:
        return None


metricflow.UpdateChecker = NoUpdateChecker
cli = metricflow.cli
cli.commands["query"].callback = refusing(cli.commands["query"].callback)

if __name__ == "__main__":
    cli(prog_name="mf")
