#!/usr/bin/env python3
"""What a build on Spark moved between machines, table by table, from Spark's event log.

    spark_shuffles.py /path/to/event-log

An event log is written where spark-defaults.conf in SPARK_CONF_DIR has `spark.eventLog.enabled true` and
`spark.eventLog.dir …`. Printed for each table that was built: seconds, CPU seconds of its tasks, shuffles (stages that
wrote for other stages to read), bytes and rows that they wrote, and bytes spilled to disk. The last line sums them;
tables are built side by side, so that its seconds are more than the build's.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

WRITES = re.compile(
    r"(?:CreateDataSourceTableAsSelect|InsertIntoHadoopFsRelation)Command\b.*?`spark_catalog`\.`(\w+)`\.`(\w+)`", re.S
)


def events(log: Path) -> Iterator[dict]:
    for file in sorted(log.rglob("events_*")) if log.is_dir() else [log]:
        with file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def measured(log: Path) -> dict[str, dict[str, float]]:
    table_of_execution: dict[str, str] = {}
    execution_of_stage: dict[int, str] = {}
    began: dict[str, int] = {}
    figures: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    stages_with_shuffle: dict[str, set[int]] = defaultdict(set)
    for event in events(log):
        kind = event["Event"].rpartition(".")[2]
        if kind == "SparkListenerSQLExecutionStart":
            written = WRITES.search(event["physicalPlanDescription"])
            execution = str(event["executionId"])
            root = str(event.get("rootExecutionId", execution))
            table = ".".join(written.groups()) if written else table_of_execution.get(root, "checks and tests")
            table_of_execution[execution] = table
            began[execution] = event["time"]
        elif kind == "SparkListenerSQLExecutionEnd":
            execution = str(event["executionId"])
            if execution in began:
                table = table_of_execution[execution]
                figures[table]["seconds"] = max(figures[table]["seconds"], (event["time"] - began[execution]) / 1000)
        elif kind == "SparkListenerJobStart":
            execution = event.get("Properties", {}).get("spark.sql.execution.id", "")
            for stage in event["Stage IDs"]:
                execution_of_stage[stage] = execution
        elif kind == "SparkListenerTaskEnd":
            metrics = event.get("Task Metrics") or {}
            table = table_of_execution.get(execution_of_stage.get(event["Stage ID"], ""), "other")
            figure = figures[table]
            written = metrics.get("Shuffle Write Metrics", {})
            figure["bytes"] += written.get("Shuffle Bytes Written", 0)
            figure["rows"] += written.get("Shuffle Records Written", 0)
            figure["cpu"] += metrics.get("Executor CPU Time", 0) / 1e9
            figure["spilled"] += metrics.get("Disk Bytes Spilled", 0)
            if written.get("Shuffle Bytes Written"):
                stages_with_shuffle[table].add(event["Stage ID"])
    for table, stages in stages_with_shuffle.items():
        figures[table]["shuffles"] = len(stages)
    return figures


def main(log: Path) -> None:
    figures = measured(log)
    print(f"{'table':<55}{'seconds':>8}{'CPU':>8}{'shuffles':>9}{'MB':>10}{'rows':>12}{'spilled MB':>11}")
    total: dict[str, float] = defaultdict(float)
    for table, figure in sorted(figures.items(), key=lambda item: -item[1]["bytes"]):
        for name, value in figure.items():
            total[name] += value
        print(line(table, figure))
    print(line("all", total))


def line(table: str, figure: dict[str, float]) -> str:
    seconds = f"{figure['seconds']:>8.1f}{figure['cpu']:>8.1f}"
    shuffles = f"{figure['shuffles']:>9.0f}{figure['bytes'] / 1e6:>10.2f}{figure['rows']:>12.0f}"
    return f"{table:<55}{seconds}{shuffles}{figure['spilled'] / 1e6:>11.1f}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
