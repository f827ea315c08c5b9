"""The time of a dbt build by phase, from run_results.json and manifest.json in its target folder.

Two nodes run side by side where dbt has two threads, so the nodes' seconds exceed the wall time. `wall_seconds` divides
each moment among the nodes that run in it: a phase's part of the wall time, and parts add up to the whole.
"""

import json
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path


def phase_of(node: dict) -> str:
    """The phase that a node of dbt's manifest belongs to; `other` if its folder is of none."""
    if node["resource_type"] in ("test", "seed"):
        return f"{node['resource_type']}s"
    folders = node["fqn"][1:-1]
    if folders[:2] == ["staging", "base"]:
        return "read"
    if folders[:1] == ["staging"]:
        return "staging"
    if folders[:1] == ["intermediate"] and len(folders) > 1:
        return folders[1].replace("_", " ")
    if folders[:1] == ["marts"]:
        return node["schema"]
    return "other"


class BuildTimes:
    """The times of one finished build, which ran from started_at to ended_at (seconds since 1970)."""

    def __init__(self, target: Path, started_at: float, ended_at: float) -> None:
        self.nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
        results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
        self.started_at, self.ended_at = started_at, ended_at
        self.intervals = {}
        for result in results:
            moments = [
                datetime.fromisoformat(timing[key]).timestamp()
                for timing in result["timing"]
                for key in ("started_at", "completed_at")
                if timing.get(key)
            ]
            if moments:
                self.intervals[result["unique_id"]] = (min(moments), max(moments))

    def wall_seconds(self) -> dict[str, float]:
        """Each node's part of the wall time; `start` is before the first (Python, dbt's parsing, its hooks), `between`
        if none runs, `end` after the last."""
        edges = sorted({moment for interval in self.intervals.values() for moment in interval})
        parts = defaultdict(float, {"start": edges[0] - self.started_at, "end": self.ended_at - edges[-1]})
        for left, right in pairwise(edges):
            running = [node for node, (start, end) in self.intervals.items() if start <= left and end >= right]
            for node in running or ["between"]:
                parts[node] += (right - left) / max(1, len(running))
        return dict(parts)

    def phases(self) -> dict[str, dict[str, float]]:
        """By phase: wall_seconds, summed_seconds of its nodes, and how many nodes those are."""
        found = defaultdict(lambda: {"wall_seconds": 0.0, "summed_seconds": 0.0, "nodes": 0})
        for name, seconds in self.wall_seconds().items():
            if name in self.intervals:
                start, end = self.intervals[name]
                phase = found[phase_of(self.nodes[name]) if name in self.nodes else "other"]
                phase["summed_seconds"] += end - start
                phase["nodes"] += 1
            else:
                phase = found[name]
            phase["wall_seconds"] += seconds
        return dict(found)

    def seconds_up_to(self, tables: set[tuple[str, str]]) -> float:
        """The wall time of some tables (schema, name) and all that they read, the start included."""
        wanted = [name for name, node in self.nodes.items() if (node.get("schema"), node.get("alias")) in tables]
        needed = set()
        while wanted:
            name = wanted.pop()
            if name not in needed and name in self.nodes:
                needed.add(name)
                wanted += self.nodes[name].get("depends_on", {}).get("nodes", [])
        parts = self.wall_seconds()
        return parts["start"] + sum(parts.get(name, 0.0) for name in needed)
