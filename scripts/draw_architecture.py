#!/usr/bin/env python3
"""Draw docs/architecture.md from dbt's manifest: its folders, and the paths of a dose and of an education record.

The text between <!-- name --> and <!-- end of name --> is drawn; the rest of the page is written by hand.

draw_architecture.py [MANIFEST]

MANIFEST  target/manifest.json unless another is named; `dbt parse` writes it
"""

import json
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from immunization_coverage.project import ROOT

PAGE = ROOT / "docs" / "architecture.md"

# Each step reads the one before it; if the manifest differs, the command stops.
WAYS = {
    "dose": [
        "base_panorama__immunizations", "stg_panorama__immunizations", "int_doses", "int_series",
        "int_student_antigens", "int_measures", "coverage",
    ],
    "education_record": [
        "base_panorama__education_records", "stg_panorama__education_records", "int_education_records_classified",
        "int_education_records_ranked", "int_students", "students",
    ],
}
FEWEST_READS = 3
LAYERS = ("seeds", "staging", "intermediate", "marts")


class Architecture:
    """The models and seeds of the project by layer and folder."""

    def __init__(self, manifest: dict) -> None:
        project = manifest["metadata"]["project_name"]
        self.nodes = {
            unique_id: node for unique_id, node in manifest["nodes"].items()
            if node["package_name"] == project and node["resource_type"] in ("model", "seed")
        }
        self.by_name = {
            node["name"]: unique_id for unique_id, node in self.nodes.items() if node["resource_type"] == "model"
        }

    def room(self, unique_id: str) -> tuple[str, str]:
        node = self.nodes[unique_id]
        if node["resource_type"] == "seed":
            return "seeds", node["fqn"][1]
        folders = node["fqn"][1:-1]
        return folders[0], " / ".join(folders[1:]) or {"intermediate": "shared"}.get(folders[0], "extracts")

    def parents(self, unique_id: str) -> list[str]:
        return [parent for parent in self.nodes[unique_id]["depends_on"].get("nodes", []) if parent in self.nodes]

    def drawing(self) -> str:
        """A Mermaid flowchart of folders; an arrow has the number of reads from one by the other."""
        models = Counter(self.room(unique_id) for unique_id in self.nodes)
        reads = Counter(
            (self.room(parent), self.room(unique_id))
            for unique_id in self.nodes for parent in self.parents(unique_id)
            if self.room(parent) != self.room(unique_id)
        )
        names = {room: f"r{number}" for number, room in enumerate(sorted(models))}
        lines = ["flowchart LR"]
        for layer in LAYERS:
            lines.append(f"  subgraph {layer}")
            lines += [
                f'    {names[room]}["{room[1]} ({count})"]'
                for room, count in sorted(models.items()) if room[0] == layer
            ]
            lines.append("  end")
        # Seeds, the school year and geographies are read nearly everywhere: their arrows would hide the others.
        lines += [
            f"  {names[parent]} -->|{count}| {names[child]}"
            for (parent, child), count in sorted(reads.items())
            if parent[0] != "seeds" and parent != ("intermediate", "shared") and count >= FEWEST_READS
        ]
        return "\n".join(lines)

    def way(self, name: str) -> str:
        steps = [self.by_name[step] for step in WAYS[name]]
        for before, after in pairwise(steps):
            if before not in self.parents(after):
                raise SystemExit(
                    f"draw_architecture.py: {self.nodes[after]['name']} does not read {self.nodes[before]['name']} any "
                    "more; correct WAYS."
                )
        lines = ["| table | what it is | where |", "|---|---|---|"]
        for step in steps:
            node = self.nodes[step]
            sentence = " ".join(node["description"].split()).split(". ")[0].split(": ")[0].rstrip(".")
            lines.append(f"| `{node['schema']}.{node['alias']}` | {sentence} | `{node['original_file_path']}` |")
        return "\n".join(lines)


def page(manifest: dict) -> str:
    """The page with its drawn parts replaced."""
    architecture = Architecture(manifest)
    text = PAGE.read_text(encoding="utf-8")
    parts = {"drawing": f"```mermaid\n{architecture.drawing()}\n```"} | {name: architecture.way(name) for name in WAYS}
    for name, part in parts.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        text = text[: text.index(start) + len(start)] + part + "\n" + text[text.index(end) :]
    return text


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target" / "manifest.json"
    PAGE.write_text(page(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")
